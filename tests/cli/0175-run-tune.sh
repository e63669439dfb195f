#!/bin/sh
# run OBJECTIVE --steps-from WHERE -- CMD: a command tuned while it runs, on a card whose files the
# command itself plays: its step time and power follow the power limit that it finds.
. "$(dirname "$0")/lib.sh"
export HOURGLASS_NVML=/nonexistent HOURGLASS_FS_ROOT="$work/root"

fresh

cat >work.py <<-'PY'
	import os, sys, time
	hwmon, steps, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
	epoch = int(sys.argv[4]) if len(sys.argv) > 4 else 0
	fd = int(os.environ.get("HOURGLASS_STEPS_FD", "-1"))
	last = None
	for i in range(steps):
	    text = ""
	    while not text:  # it may just be written
	        text = open(hwmon + "/power1_cap").read()
	    cap = int(text) / 1e6
	    x = min(1.0, (max(cap - 120, 1) / 480) ** 0.4)
	    if cap != last:
	        with open(hwmon + "/power1_average", "w") as f:
	            f.write("%d\n" % (1e6 * (120 + 480 * x ** 2.5)))
	        last = cap
	        with open("caps", "a") as f:
	            f.write("%d\n" % cap)
	    if how == "marks":
	        os.write(fd, b"begin\n")
	    time.sleep(0.02 * (0.25 + 0.75 / x))
	    if how == "out":
	        print("step", i, flush=True)
	    else:
	        os.write(fd, b"end\n" if how == "marks" else b"\n")
	    if epoch and i % epoch == epoch - 1:
	        time.sleep(0.2)
PY

# By a line each: the best is found, said, and the limit is back.
fresh
run 0 run --min-energy --steps-from fd --json -o r.json -- python3 work.py "$hwmon" 400 fd
check "nothing on its streams" test ! -s out
back "the end"
json .schema hourglass.tuned/1 r.json
json .simulated true r.json
json '.phase == "settled" or .phase == "learning"' true r.json
json .restored true r.json
json '.tried >= 2 and .tried < 12' true r.json
json '.steps > 390 and .learning_steps <= .steps' true r.json
# the least is at 200 W: 59.5 % of the energy of 600 W and more; but a busy machine is no steady
# device, so that only the direction is certain here
json '.chosen.power_limit_w < 600' true r.json
json '.energy_saving > 0.05 and .energy_saving_sd > 0' true r.json
json '.slowdown > 1' true r.json
json '.before.power_limit_w' 700 r.json
json '[.settings[] | select(.measured)] | length >= 2' true r.json
check "the command saw other limits" test "$(sort -u caps | wc -l)" -ge 3

# A bound on the time; by marks, with pauses after every 7 steps.
fresh
run 0 run --max-slowdown 1.1 --steps-from marks --json -o r.json -- \
	python3 work.py "$hwmon" 300 marks 7
json '.chosen.power_limit_w <= 700' true r.json
json '.slowdown < 1.3' true r.json
back "marks"

# By output; the report as text; what was learnt is kept, and used.
fresh
run 0 run --min-energy --steps-from 'regex:^step ' --job mine --memory m.json -- \
	python3 work.py "$hwmon" 300 out
check "output passes" test "$(grep -c '^step' out)" = 300
says_like '^  --min-energy: power_limit [0-9]* W (before: power_limit 700 W)$'
says_like '^  a step: energy -[0-9.]* % (+- [0-9.]*), time +[0-9.]* % (+- [0-9.]*) against'
says_like '^  the knobs are as they were$'
json .schema hourglass.tune/1 m.json
json '.jobs[0].job' mine m.json
rm caps
run 0 run --min-energy --steps-from fd --job mine --memory m.json --json -o r.json -- \
	python3 work.py "$hwmon" 200 fd
json .recalled true r.json
check "it begins with the best" test "$(head -n 1 caps)" -lt 700
json '.jobs | length' 1 m.json

# Steps that begin before the meter has seen anything are no reason not to tune.
# shellcheck disable=SC2016 # for the shell that is started
run 0 run -d sim:h100 --min-energy --steps-from fd --json -o r.json -- \
	sh -c 'for i in $(seq 50); do echo >&"$HOURGLASS_STEPS_FD"; sleep 0.04; done'
json '.phase != "idle" and .tried >= 1' true r.json
# all but the first; on a busy machine some of the last come at once, too short a piece to be told
json '.steps >= 40 and .steps <= 49' true r.json

# Few steps, no steps, a failing command: the knobs are back, its status is ours.
echo 'exit 3' >none.sh
cat >few.sh <<-'SH'
	echo >&"$HOURGLASS_STEPS_FD"
	exit 4
SH
for what in none few; do
	fresh
	"$HOURGLASS" run --knee --steps-from fd -- sh $what.sh >out 2>err
	check "status of: $what" test $? -ge 3
	back "$what steps"
done
fresh
run 127 run --knee --steps-from fd -- no-such-command-here

# Ended by a signal at some moment: the limit is back.
cat >kill.py <<-'PY'
	import signal, subprocess, sys, time
	child = subprocess.Popen(sys.argv[3:], stdout=open("out", "wb"), stderr=open("err", "wb"),
	                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
	time.sleep(float(sys.argv[2]))
	child.send_signal(int(sys.argv[1]))
	child.wait(30)
PY
for kill in '15 0.05' '15 1.2' '15 2.1' '2 1.6' '6 1.4' '11 1.8'; do
	fresh
	# shellcheck disable=SC2086 # signal and time
	python3 kill.py $kill "$HOURGLASS" run --min-energy --steps-from fd -- \
		python3 work.py "$hwmon" 150 fd
	back "$kill"
done

# Killed without a chance to put anything back: another process does.
# seen N: whether the command saw so many limits
# shellcheck disable=SC2317 # it is called, by await and check
seen() {
	[ -s caps ] && [ "$(sort -u caps | wc -l)" -ge "$1" ]
}
for limits in 2 3; do
	fresh
	rm -f caps
	"$HOURGLASS" run --min-energy --steps-from fd -- python3 work.py "$hwmon" 20000 fd >out 2>err &
	killed=$!
	await 30 seen $limits
	check "$limits limits were seen" seen $limits
	kill -KILL "$killed"
	wait "$killed"
	await 30 is_back
	back "SIGKILL: $(cat err)"
done

# The next one begins where the killed one did, however slow the process is that puts back.
# keeper: its number
# shellcheck disable=SC2317 # it is called, by await and check
keeper() {
	for process in /proc/[0-9]*; do
		[ "$(readlink "$process/cwd" 2>/dev/null)" = "$PWD" ] &&
			tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q '^hourglass-keeper' &&
			echo "${process#/proc/}" && return 0
	done
	return 1
}
fresh
"$HOURGLASS" run --min-energy --steps-from fd -- python3 work.py "$hwmon" 20000 fd >out 2>err &
killed=$!
await 30 is_away
slow=$(keeper)
check "there is one that puts back" test -n "$slow"
kill -STOP "$slow"
kill -KILL "$killed"
"$HOURGLASS" run --min-energy --steps-from fd --json -o r.json -- python3 work.py "$hwmon" 60 fd >out 2>err &
next=$!
sleep 0.5
check "it has not begun" is_away
kill -CONT "$slow"
wait "$killed"
wait "$next"
json .before.power_limit_w 700 r.json
json .restored true r.json
back "the next one"

# Two at once would each put back what the other had set: the second one sets nothing.
fresh
"$HOURGLASS" run --min-energy --steps-from fd -- python3 work.py "$hwmon" 20000 fd >out1 2>err1 &
first=$!
await 30 is_away
check "the first one has set another limit" is_away
run 0 run --min-energy --steps-from fd --json -o r.json -- true
json .phase idle r.json
json .reason "amdgpu:0000:17:00.0: process $first sets its knobs already" r.json
run 2 profile -d amdgpu:0000:17:00.0 -k power_limit=300W,700W -o x.json -- true
says "hourglass profile: amdgpu:0000:17:00.0: process $first sets its knobs already"
# whoever asks, and however often, hears who it is
for _ in 1 2 3; do
	run 2 profile -d amdgpu:0000:17:00.0 -k power_limit=300W,700W -o x.json -- true
	says "hourglass profile: amdgpu:0000:17:00.0: process $first sets its knobs already"
done
kill -KILL "$first"
wait "$first"
await 30 is_back
back "two at once"
run 0 run --min-energy --steps-from fd --json -o r.json -- python3 work.py "$hwmon" 60 fd
json '.tried >= 1' true r.json
back "the next one"

# Processes that the command leaves behind are waited for, and their steps count.
fresh
cat >leaves.sh <<-'SH'
	setsid sh -c 'for i in 1 2 3 4 5; do echo >&"$HOURGLASS_STEPS_FD"; sleep 0.1; done' >/dev/null 2>&1 &
	exit 5
SH
run 5 run --min-energy --steps-from fd --json -o r.json -- sh leaves.sh
json '.time_s > 0.45 and .steps >= 2 and .steps <= 4' true r.json
back "children"

# Nothing that can be set: said, and the command runs.
fresh
chmod a-w "$hwmon/power1_cap"
rm "$hwmon/power1_cap"
run 0 run --min-energy --steps-from fd --json -o r.json -- true
json .phase idle r.json
json '.reason | length > 10' true r.json
json .chosen null r.json

# Wrong usage.
fresh
bad run --min-energy -- true
says "hourglass run: --min-energy tunes a command by its steps: --steps-from says where it tells them"
bad run --steps-from fd -- true
says "hourglass run: --steps-from goes with an objective, such as --max-slowdown 10%"
bad run --min-energy --steps-from fd -r 5 -- true
says "hourglass run: --repeat measures a command, --min-energy tunes it: give one"
bad run --deadline 5min --steps-from fd -- true
says "hourglass run: --deadline needs --steps"
for goal in '--deadline 0' '--deadline 0s' '--budget 0J'; do
	# shellcheck disable=SC2086 # option and value
	bad run $goal --steps 5 --steps-from fd -- true
	says "hourglass run: $goal: must be above 0"
done
for file in '-o' '--memory'; do
	run 125 run --min-energy --steps-from fd $file /nonexistent/file -- touch begun
	one_line
	check "$file: the command is not begun" test ! -e begun
done
bad run --min-energy --steps-from file -- true
says "hourglass run: --steps-from file: must be fd, marks or regex:EXPRESSION"
bad run --min-energy --steps-from fd --knob power_limit=1W,2W -- true
bad run --min-energy --steps-from fd -w resnet50-training -- true
bad run -d sim:h100 -w resnet50-training --min-energy --steps-from fd
echo '{"schema": "hourglass.tune/9", "jobs": []}' >m.json
bad run --min-energy --steps-from fd --memory m.json -- true
finish
