#!/bin/sh
# recur new --frontier: what settings cost, chosen together with the batch size.
. "$(dirname "$0")/lib.sh"
HOURGLASS_STORE=$work/store.db
export HOURGLASS_STORE

# An epoch of 8 is cheapest at 200 W, of 16 at 100 W, by half energy and half time at 300 W.
printf 't,e,power_limit_w\n100,9000,100\n60,9900,200\n55,13000,300\n' >8.csv
printf 't,e,power_limit_w\n50,5000,100\n45,9000,300\n' >16.csv
for size in 8 16; do
	good frontier import --format csv $size.csv --time t --energy e --knob power_limit_w \
		--work-unit epoch -o $size.json
done
new="--batch-sizes 8,16,32 --default 8 --target accuracy>=0.6 --max-epochs 20 --max-power 300"

# shellcheck disable=SC2086 # a list of words
good recur new files $new --frontier 8=8.json --frontier 16=16.json --json
json '[.spec.epochs[] | "\(.batch_size) \(.time_s) \(.energy_j) \(.setting)"]' \
	'["8 60 9900 power_limit_w=200","16 50 5000 power_limit_w=100"]'
good recur next files
shows '^8 files:1 power_limit_w=200$'
good recur report files:1 --epoch 3 --metric 0.7 --energy 30kJ --time 180s
# The size that never ran has its price, and what has neither is a guess.
good recur explain files --json
json '[.beliefs[] | .cost_known]' '[true,true,false]'
json '[.beliefs[] | .epoch_j][1] | round' 10000
good recur next files --json
json .setting "$(jq -r 'if .batch_size == 16 then "power_limit_w=100" else "" end' out)"

# A folder; one file of all sizes, in which what another size dominates counts too.
mkdir all && cp 8.json 16.json all
# shellcheck disable=SC2086
good recur new folder $new --frontier all
shows '3 batch sizes, .*, 2 of them with a frontier'
printf 't,e,batch_size,power_limit_w\n60,9900,8,200\n50,5000,16,100\n' >both.csv
good frontier import --format csv both.csv --time t --energy e --knob batch_size \
	--knob power_limit_w --work-unit epoch -o both.json
# shellcheck disable=SC2086
good recur new both $new --frontier both.json --json
json '[.spec.epochs[] | select(.batch_size == 16) | .setting]' '["power_limit_w=100"]'

# It goes where the job goes.
good recur export -o lines.jsonl
good recur import lines.jsonl --store other.db
good recur next folder --store other.db
shows '^8 folder:1 power_limit_w=200$'

# From another device: its epochs, and costs of our own.
# shellcheck disable=SC2086
good recur new here $new --from files --frontier all
good recur explain here --json
json '[.beliefs[] | .cost_known]' '[true,true,false]'

# From a similar job: the shape of its costs and epochs, no more; its first run has no bound.
good recur next files
good recur report "$(cut -d' ' -f2 out)" --epoch 3 --metric 0.7 --energy 15kJ --time 150s
# shellcheck disable=SC2086
good recur new alike $new --like files
good recur next alike
shows '^[0-9]* alike:1$'
good recur explain alike --json
# shellcheck disable=SC2086
bad recur new other $new --like nobody
says_like 'nobody'
# shellcheck disable=SC2086
bad recur new other $new --like 'no name'
says_like "--like: 'no name' cannot be a job's name"

# A training finds its setting.
# shellcheck disable=SC2016
run 0 recur run folder -d sim:h100 -- sh -c \
	'echo "$HOURGLASS_BATCH_SIZE $HOURGLASS_SETTING" >setting; eval "echo 0.7 >&$HOURGLASS_METRIC_FD"'
check "its setting" [ "$(cat setting)" = "8 power_limit_w=200" ]

# What is wrong.
# shellcheck disable=SC2086
bad recur new x $new --frontier 9=8.json
says_like '9 is none of the job'
# shellcheck disable=SC2086
bad recur new x $new --frontier 8.json
says_like 'has no knob batch_size: say of which size it is'
good frontier convert 8.json --work-unit iteration -o iteration.json
# shellcheck disable=SC2086
bad recur new x $new --frontier 8=iteration.json
says_like "its work is 'iteration': expected 'epoch'"
# shellcheck disable=SC2086
bad recur new x $new --frontier 8=none.json
mkdir none
# shellcheck disable=SC2086
bad recur new x $new --frontier none
says_like 'none has no file such as 8.json'

finish
