#!/bin/sh
# profile -- CMD: a command as the work, again and again or step by step.
. "$(dirname "$0")/lib.sh"
sim=sim:h100,realtime=1

run 0 profile -d $sim -k power_limit=300W,700W --rsd 20% --max-window 500ms -o f.json -- \
	sh -c 'echo x >>log; sleep 0.05'
good frontier show f.json --json
json '.points | length >= 1' true
json .work_unit run
json .simulated true
check "it ran again and again" test "$(wc -l <log)" -ge 4

# One run that tells its steps, by a descriptor or by its output, which passes on to ours.
cat >fd.sh <<-'SH'
	i=0
	while [ $i -lt 60 ]; do
		sleep 0.05
		echo >&"$HOURGLASS_STEPS_FD"
		i=$((i + 1))
	done
	echo ended >fd-ended
SH
run 0 profile -d $sim -k power_limit=300W,700W --rsd 20% --max-window 500ms \
	--steps-from fd -o g.json -- sh fd.sh
good frontier show g.json --json
json .work_unit step
json '.points | all(.time_s > 0.04 and .time_s < 0.5)' true
check "the command went on to its end" test -e fd-ended
cat >out.sh <<-'SH'
	i=0
	while [ $i -lt 60 ]; do
		sleep 0.05
		echo "step $i loss 0.5"
		i=$((i + 1))
	done
SH
run 0 profile -d $sim -k power_limit=300W,700W --rsd 20% --max-window 500ms \
	--steps-from 'regex:^step [0-9]+ ' -o g.json -- sh out.sh
check "output passes" test "$(grep -c '^step' out)" = 60

# What goes wrong.
run 2 profile -d $sim -k power_limit=300W,700W -o x.json -- false
says_like "'false' ended with status 1: a failing command is not profiled"
run 127 profile -d $sim -k power_limit=300W,700W -o x.json -- no-such-command-here
run 2 profile -d $sim -k power_limit=300W,700W -o x.json --steps-from fd -- true
says_like 'the command ended after 0 steps, before one setting was measured'
check "nothing was written" test ! -e x.json
bad profile -d $sim -- true
says "hourglass profile: --output is missing: standard output is the command's"
run 125 profile -d $sim -o /nonexistent/x.json -- touch begun
one_line
check "the command is not begun" test ! -e begun
bad profile -d $sim -o x.json --steps-from 'regex:(' -- true
bad profile -d $sim -o x.json --steps-from file -- true
says "hourglass profile: --steps-from file: must be fd, marks or regex:EXPRESSION"
bad profile -d $sim -o x.json -w resnet50-training -- true
bad profile -d $sim -o x.json -w resnet50-training --steps-from fd
bad profile -d $sim -o x.json true
finish
