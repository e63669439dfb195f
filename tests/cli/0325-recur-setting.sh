#!/bin/sh
# recur run with frontiers: the setting of a batch size is put in force, and back, on a card whose
# files can be looked at.
. "$(dirname "$0")/lib.sh"
HOURGLASS_STORE=$work/store.db
export HOURGLASS_STORE
export HOURGLASS_NVML=/nonexistent HOURGLASS_FS_ROOT="$work/root"

fresh
printf 't,e,power_limit_w\n60,9900,500\n55,53000,700\n' >8.csv
printf 't,e,power_limit_w\n50,5000,400\n45,49000,700\n' >16.csv
for size in 8 16; do
	good frontier import --format csv $size.csv --time t --energy e --knob power_limit_w \
		--work-unit epoch -o $size.json
done
new="--batch-sizes 8,16 --default 8 --target accuracy>=0.6 --max-epochs 20 --max-power 700"

# While CMD runs it is in force, and known to it; then it is as it was.
cat >train.sh <<-'SH'
	echo "$HOURGLASS_SETTING $(cat "$1")"
	eval "echo 0.7 >/dev/fd/$HOURGLASS_METRIC_FD"
SH
# shellcheck disable=SC2086 # a list of words
good recur new one $new --policy fixed --frontier 8=8.json
run 0 recur run one -- sh train.sh "$cap"
shows '^power_limit_w=500 500000000$'
back "its end"

# Of another size it is another one; a size without any runs at what was found.
# shellcheck disable=SC2086
good recur new grid $new --policy grid --frontier 8=8.json --frontier 16=16.json
# shellcheck disable=SC2086
good recur new half $new --policy grid --frontier 16=16.json
for job in grid half; do
	: >caps
	for _ in 1 2; do
		run 0 recur run $job -- sh train.sh "$cap"
		cat out >>caps
	done
	sort caps >$job.caps
done
check "each size its own" test "$(tr "\n" " " <grid.caps)" = \
	"power_limit_w=400 400000000 power_limit_w=500 500000000 "
check "what was found" grep -qx " $before" half.caps
back "several sizes"

# Left to the command.
run 0 recur run one --set-by command -- sh train.sh "$cap"
shows "^power_limit_w=500 $before\$"

# Begun anew, the second attempt has its own.
cat >fails.sh <<-'SH'
	cat "$1" >>seen && echo >>seen
	trap 'exit 0' TERM
	eval "echo 20 0.1 >/dev/fd/$HOURGLASS_METRIC_FD"
	sleep 20 &
	wait
SH
run 1 recur run grid --attempts 2 -- sh fails.sh "$cap"
check "in force for both" test "$(grep -cE '^(4|5)00000000$' seen)" = 2
back "two attempts"

# Ended by a signal; killed: another process puts it back.
cat >hang.sh <<-'SH'
	cat "$1" >seen
	eval "echo 0.1 >/dev/fd/$HOURGLASS_METRIC_FD"
	exec sleep 20
SH
for signal in TERM KILL; do
	rm -f seen
	"$HOURGLASS" recur run one --lease 1s -- sh hang.sh "$cap" >/dev/null 2>&1 &
	pid=$!
	n=0
	until [ -s seen ] || [ $n = 300 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	child=$(cat "/proc/$pid/task/$pid/children")
	kill -$signal $pid
	wait $pid 2>/dev/null
	[ $signal = TERM ] || for one in $child; do
		case $(tr '\0' ' ' <"/proc/$one/cmdline") in sleep*) kill "$one" ;; esac
	done
	n=0
	until [ "$(cat "$cap")" = "$before" ] || [ $n = 100 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	check "it was in force" test "$(cat seen)" = 500000000
	back "SIG$signal"
done

# Not possible: said once and clearly, nothing half set, and the training runs.
printf 't,e,power_limit_w,fan_w\n60,9900,500,3\n' >fan.csv
good frontier import --format csv fan.csv --time t --energy e --knob power_limit_w --knob fan_w \
	--work-unit epoch -o fan.json
# shellcheck disable=SC2086
good recur new fan $new --policy fixed --frontier 8=fan.json
run 0 recur run fan -- sh train.sh "$cap"
says_like "setting power_limit_w=500 fan_w=3 is not in force: no device has a knob 'fan_w'"
shows "^power_limit_w=500 fan_w=3 $before\$"
back "half a setting"
printf 't,e,power_limit_w\n60,9900,5\n' >low.csv
good frontier import --format csv low.csv --time t --energy e --knob power_limit_w \
	--work-unit epoch -o low.json
# shellcheck disable=SC2086
good recur new low $new --policy fixed --frontier 8=low.json
run 1 recur run low --attempts 2 -- sh fails.sh "$cap"
check "said once" test "$(grep -c 'is not in force' err)" = 1
back "out of range"
rm "$cap"
# shellcheck disable=SC2016 # for the shell that is started
run 0 recur run one -- sh -c 'eval "echo 0.7 >/dev/fd/$HOURGLASS_METRIC_FD"'
says_like 'setting power_limit_w=500 is not in force: '
bad recur run one --set-by nobody -- true
finish
