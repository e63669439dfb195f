#!/bin/sh
# recur: a job from its making to its backup, and everything that cannot be.
. "$(dirname "$0")/lib.sh"
HOURGLASS_STORE=$work/store.db
export HOURGLASS_STORE

bad recur list
says_like "'hourglass recur new' makes a store"
[ ! -e store.db ] || fail "a look made a store"

# What is no job.
bad recur new j --default 8 --target 'a>=1' --max-epochs 3 --max-power 300
says_like '--batch-sizes is missing'
bad recur new j --batch-sizes 8,x --default 8 --target 'a>=1' --max-epochs 3 --eta 1
says_like "'x': expected a whole number, or MIN..MAXxF"
bad recur new j --batch-sizes 16,8 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
says_like '8 does not come after 16'
bad recur new j --batch-sizes 8..4 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
bad recur new j --batch-sizes 8..4096x1 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
bad recur new j --batch-sizes 1..4000000000x1.01 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
says_like 'more than 64'
bad recur new j --batch-sizes 8,16 --default 9 --target 'a>=1' --max-epochs 3 --eta 1
says_like '--default 9 is none of the batch sizes'
bad recur new j --batch-sizes 8,16 --default 8 --target 'a=1' --max-epochs 3 --eta 1
says_like 'expected METRIC>=X'
bad recur new j --batch-sizes 8,16 --default 8 --target 'a>=good' --max-epochs 3 --eta 1
says_like "'good' is no number"
bad recur new 'a b' --batch-sizes 8,16 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
rm -f store.db*

good recur new net --batch-sizes 8..128x2 --default 32 --target 'accuracy >= 0.6' \
	--max-epochs 20 --max-power 300W --json
json .schema hourglass.recur-new/1
json .spec.batch_sizes '[8,16,32,64,128]'
json '.spec | [.default, .metric, .target, .lower_is_better, .eta, .max_power_w] | map(tostring) | join(" ")' \
	'32 accuracy 0.6 false 0.5 300'
bad recur new net --batch-sizes 8,16 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
says "hourglass: there is a job 'net' already"

# A training by hand.
good recur next net
shows '^32 net:1$'
good recur show net
shows '; 1 trial$'
check "unknown costs are a dash" test "$(grep -c nan out)" = 0
good recur explain net
shows "no size's cost is known yet"
good recur report net:1 --epoch 1 --metric 0.3 --energy 1kJ --time 10s
shows '^continue$'
run 0 recur report net:1 --epoch 2 --metric nan --energy -5 --time 20s
shows '^continue$'
says_like 'metric is no number'
says_like 'energy negative'
run 0 recur report net:1 --epoch 1 --metric 0.3 --energy 2kJ --time 20s --json
json '.flagged' '["epoch"]'
run 0 recur report net:1 --epoch 2 --metric 0.3 --energy 2kJ --time 20s --json
json '.flagged' '["repeated"]'
good recur report net:1 --epoch 3 --metric 0.7 --energy 3kJ --time 30s --json
json '[.answer, .state, .epochs] | map(tostring) | join(" ")' 'stop reached 3'
run 0 recur report net:1 --epoch 3 --metric 0.7 --energy 3kJ --time 30s --json
json '.flagged' '["after-end"]'
good recur next net --json
json .schema hourglass.recur-next/1
json '[.trial, .state] | join(" ")' 'net:2 running'
good recur end net:2
shows '^stopped$'
good recur end net:2 --killed
shows '^stopped$'
bad recur report net --epoch 1 --metric 1
says_like "'net' is no trial: expected JOB:NUMBER"
bad recur report net:9 --epoch 1 --metric 1
says_like "job 'net' has no trial 9"
bad recur report net:1 --metric 1
says_like '--epoch is missing'
bad recur next nett
says_like "no job 'nett'; did you mean 'net'?"

# What is known.
good recur show net
shows '^ *1 *32 *reached *3 *0.7 *3 kJ *30 s *6 kJ *metric, energy'
shows 'cost of a run by batch size'
good recur show net --json
json .schema hourglass.recur-show/1
json '.trials | length' 2
json '.trials[0] | [.energy_j, .time_s, .cost_j, .reports] | map(tostring) | join(" ")' '3000 30 6000 6'
json '[.beliefs[].batch_size]' '[8,16,32,64,128]'
good recur explain net
shows '^Batch size [0-9]*: '
good recur explain net --json
json .schema hourglass.recur-decision/1
good recur list --json
json '.jobs | map([.job, .trials, .running, .reached] | map(tostring) | join(" "))' '["net 2 0 1"]'

# A client that dies: its lease runs out, others go on, and a late word is heard.
good recur next net --lease 1s --json
before=$(jq -r .trial out)
sleep 1.1
good recur next net --json
json '.trial' net:4
good recur show net --json
json ".trials[] | select(.trial == \"$before\") | [.state, .flags[0]] | join(\" \")" 'killed expired'
run 0 recur report "$before" --epoch 1 --metric 0.9 --energy 1kJ --time 9s --json
json '[.state, .flagged[0]] | join(" ")' 'reached late'

# Without a highest power it is what runs have drawn: time is weighed with 200 W here.
good recur new free --batch-sizes 8,16,32 --default 16 --target 'a>=1' --max-epochs 9 --store free.db
good recur next free --store free.db
good recur report free:1 --epoch 2 --metric 1 --energy 2kJ --time 10s --store free.db
good recur show free --store free.db --json
json '[.spec.max_power_w, .trials[0].cost_j]' '[200,2000]'
good recur explain free --store free.db

# A number of epochs that is a slip of the hand is no progress.
good recur next free --store free.db --json
trial=$(jq -r .trial out)
run 0 recur report "$trial" --store free.db --epoch 1e30 --metric 0.1 --json
json '[.answer, .state, .flagged[0], .epochs]' '["continue","running","epoch",0]'
good recur end "$trial" --store free.db

# How much a similar job counts is said.
good recur new like --batch-sizes 8,16,32 --default 16 --target 'a>=2' --max-epochs 9 --like free --store free.db
good recur explain like --store free.db --json
json '.similar | [.weight_epochs, .weight_cost] | map(. * 100 | round)' '[65,65]'
good recur next like --store free.db
good recur report like:1 --epoch 1 --metric 1 --energy 1kJ --time 5s --store free.db
good recur explain like --store free.db
shows 'What similar jobs say counts with 99 % for epochs and 99 % for costs'
good recur explain free --store free.db --json
json .similar null

# Out and in.
good recur export -o all.jsonl
good recur import all.jsonl
shows '4 trials were here already'
good recur import all.jsonl --store other.db --json
json '[.jobs, .trials, .reports, .known] | map(tostring) | join(" ")' '1 4 7 0'
good recur export --store other.db -o again.jsonl
[ "$(wc -l <again.jsonl)" = "$(wc -l <all.jsonl)" ] || fail "an import lost lines"
checks=$((checks + 1))
good recur export --job net
shows '"kind": "end", "jobs": 1, "trials": 4, "reports": 7'
head -n 5 all.jsonl >cut.jsonl
bad recur import cut.jsonl --store third.db
says_like 'cut.jsonl:6\|cut.jsonl:5'
good recur list --store third.db
shows 'no jobs'
bad recur import absent.jsonl

# Care, and damage.
good recur check
shows 'is sound'
good recur backup copy.db
bad recur backup copy.db
says_like 'a backup replaces nothing'
good recur show net --store copy.db --json
json '.trials | length' 4
echo "dear diary" >letter.db
bad recur new x --store letter.db --batch-sizes 8,16 --default 8 --target 'a>=1' --max-epochs 3 --eta 1
says_like 'letter.db: damaged, or no store .*left as it is'
[ "$(cat letter.db)" = "dear diary" ] || fail "letter.db was overwritten"
cp copy.db torn.db
dd if=/dev/zero of=torn.db bs=4096 seek=1 count=3 conv=notrunc 2>/dev/null
cp torn.db torn.was
"$HOURGLASS" recur check --store torn.db >out 2>err
case $? in
1) shows 'is damaged' ;;
2) says_like 'left as it is' ;;
*) fail "check of a torn store: $(cat out err)" ;;
esac
same_file torn.db torn.was

# No space: told, with what to do, and whole afterwards.
(
	ulimit -f 100 # in blocks of 512 bytes
	i=0
	while [ $i -lt 200 ]; do
		"$HOURGLASS" recur next net --store copy.db >>given 2>told || exit 3
		i=$((i + 1))
	done
)
[ $? = 3 ] || fail "200 trials in 50 kB"
checks=$((checks + 1))
grep -q 'nothing acknowledged is lost' told || fail "no space: said: $(cat told)"
good recur check --store copy.db
good recur show net --store copy.db --json
json '.trials | length' "$((4 + $(wc -l <given)))"
run 0 recur next net --store copy.db
run 125 recur list --store 'postgresql:///none?host=/nowhere'
says_like 'no PostgreSQL server'
finish
