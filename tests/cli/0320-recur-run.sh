#!/bin/sh
# recur run: trainings that are measured, stopped, begun anew, and killed.
. "$(dirname "$0")/lib.sh"
HOURGLASS_STORE=$work/store.db
export HOURGLASS_STORE
good recur new net --batch-sizes 16,32,64 --default 32 --target 'loss<=1' --max-epochs 6 --max-power 300

# By a descriptor: epochs counted, the command's output is its own, its energy is measured.
cat >train.sh <<'END'
echo "training $HOURGLASS_JOB at $HOURGLASS_BATCH_SIZE as $HOURGLASS_TRIAL"
for loss in 3 2 0.9 0.1; do
	sleep 0.02
	eval "echo $loss >&$HOURGLASS_METRIC_FD"
done
END
run 0 recur run net -d sim:h100 -- sh train.sh
shows '^training net at 32 as net:1$'
says_like 'trial net:1: reached after 3 epochs, .*J (simulated)'
good recur show net --json
json '.trials[0] | [.state, .epochs, .metric, .reports, .simulated] | map(tostring) | join(" ")' \
	'reached 3 0.9 3 true'
json '.trials[0] | .energy_j > 0 and .time_s > 0.05 and .time_s < 60' true

good recur new open --batch-sizes 16,32,64 --default 32 --target 'loss<=1' --max-epochs 6
# Shells write to no descriptor above 9: theirs is not, however many are open.
(
	exec 3>&2 4>&2 5>&2 6>&2 8>&2
	exec "$HOURGLASS" recur run open -d sim:h100 -d sim:a100 -- sh train.sh 2>told
) >out
grep -q 'trial open:1: reached' told || fail "many descriptors: $(cat out told)"
checks=$((checks + 1))

# By its output, with epochs; one that diverges. This job has no bounds: how long things take here
# decides nothing.
good recur new loose --batch-sizes 16,32 --default 32 --target 'loss<=1' --max-epochs 1000 \
	--max-power 300 --policy fixed
run 1 recur run loose -d sim:h100 --metric-from 'regex:epoch ([0-9]+) loss ([^ ]+)' -- \
	sh -c 'echo epoch 1 loss 3; echo nothing; echo epoch 2 loss nan'
shows '^epoch 2 loss nan$'
says_like 'the command ended before its target was reached'
good recur show loose --json
json '.trials[0] | [.state, .epochs, (.flags | index("metric") != null)] | map(tostring) | join(" ")' \
	'stopped 2 true'
bad recur run net --metric-from 'regex:loss' -d sim:h100 -- true
says_like 'needs one or two groups'
good recur show net --json
json '.trials | length' 1

# Its own failure is its own exit code, and the trial is killed.
run 7 recur run net -d sim:h100 -- sh -c 'exit 7'
good recur show net --json
json '.trials[-1].state' killed
run 127 recur run net -d sim:h100 -- ./absent
bad recur run net -d sim:h100 true
says_like 'expected one JOB before --'

# The last epoch comes: stopped with SIGTERM, begun anew, as often as it may be.
cat >never.sh <<'END'
trap 'echo terminated; exit 0' TERM
i=0
while :; do
	i=$((i + 1))
	eval "echo $i 5 >&$HOURGLASS_METRIC_FD"
	sleep 0.02
done
END
run 1 recur run net -d sim:h100 --attempts 2 -- sh never.sh
[ "$(grep -c terminated out)" = 2 ] || fail "terminated: $(cat out)"
checks=$((checks + 1))
says_like 'no attempts are left'
good recur show net --json
json '[.trials[-2:][].state] | map(. == "exhausted" or . == "stopped") | all' true

# One that does not listen is killed after its grace.
sed "s/^trap .*/trap '' TERM/" never.sh >deaf.sh
run 1 recur run net -d sim:h100 --attempts 1 --grace 0.2s -- sh deaf.sh

# The command itself is killed: nothing hangs, what was reported stays, and it counts as killed.
cat >hang.sh <<'END'
eval "echo 5 >&$HOURGLASS_METRIC_FD"
exec sleep 20
END
"$HOURGLASS" recur run loose -d sim:h100 --lease 1s -- sh hang.sh >/dev/null 2>&1 &
pid=$!
n=0
until "$HOURGLASS" recur show loose --json | jq -e '.trials[-1] | .state == "running" and .reports == 1' >/dev/null; do
	n=$((n + 1))
	[ $n -lt 300 ] || break
	sleep 0.1
done
"$HOURGLASS" recur show loose --json >before
child=$(cat "/proc/$pid/task/$pid/children")
kill -KILL "$pid"
wait "$pid" 2>/dev/null
# shellcheck disable=SC2086 # a list of numbers
kill $child
sleep 1.1
trial=$(jq -r '.trials[-1].trial' before)
good recur next loose --json
good recur show loose --json
json ".trials[] | select(.trial == \"$trial\") | [.state, (.flags | index(\"expired\") != null), .epochs] | map(tostring) | join(\" \")" \
	'killed true 1'
good recur check
finish
