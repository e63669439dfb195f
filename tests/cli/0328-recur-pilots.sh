#!/bin/sh
# recur next and run --pilots: most of those that would begin at once wait for the first ones.
. "$(dirname "$0")/lib.sh"
HOURGLASS_STORE=$work/store.db
export HOURGLASS_STORE

# begin_waiting ARG...: recur run ARG... in the background, which has been told to wait
begin_waiting() {
	: >run.err
	"$HOURGLASS" recur run -d sim:h100 "$@" >run.out 2>run.err &
	waits=$!
	until grep -q 'waiting' run.err || ! kill -0 $waits; do
		sleep 0.05
	done
}

good recur new net --batch-sizes 8..128x2 --default 32 --target 'a>=0.6' --max-epochs 20 --max-power 300

good recur next net --pilots 2
shows '^32 net:1$'
good recur next net --pilots 2
run 3 recur next net --pilots 2
says "hourglass recur next: net: 2 runs are under way, enough until more is known of it: waiting"
same_file out /dev/null
run 3 recur next net --pilots 2 --wait 1s --json
json '[.schema, .wait]' '["hourglass.recur-next/1",true]'
good recur explain net --pilots 2
shows '^A run would be told to wait: 2 runs are under way and 0 have reached the target, which with 2 pilots lets 2 run at once\. If it began all the same: Batch size '
good recur explain net --pilots 2 --json
json .wait true
good recur explain net
shows '^Batch size '
good recur explain net --json
json .wait false
# No trial was given out; who does not ask for it does not wait.
good recur next net
shows ' net:3$'
run 3 recur next net --pilots 3

# One that waits begins when a run has reached the target.
begin_waiting net --pilots 3 --metric-from 'regex:a ([0-9.]+)' -- echo a 0.7
good recur show net --json
json '.trials | length' 3
good recur report net:1 --epoch 9 --metric 0.7 --energy 9kJ --time 90s
shows '^stop$'
wait $waits
check "the one that waited ran" test $? = 0
check "and was told so" grep -q 'trial net:4: reached' run.err
good recur next net --pilots 3 --json
json .trial net:5

# Signals end the waiting.
good recur new new --like net --batch-sizes 8,16 --default 8 --target 'a>=0.6' --max-epochs 20 \
	--max-power 300
good recur next new --pilots 1
begin_waiting new --pilots 1 -- true
kill -TERM $waits
check "one run" grep -q 'new: 1 run is under way' run.err
wait $waits
check "interrupted" test $? = 130

bad recur next net --pilots -1
bad recur next net --pilots 65
finish
