#!/bin/sh
# Sourced by every CLI test: runs the command, compares what it said, counts what was wrong.
# $HOURGLASS is the installed command; $HG_TEST_DATA the folder of real measurements.
set -u
: "${HOURGLASS:?names the command to test}"
LC_ALL=C.UTF-8
COLUMNS=80
export LC_ALL COLUMNS
unset NO_COLOR HOURGLASS_DATA_DIR
# nothing that was kept on this machine
HOURGLASS_SENSORS=/nonexistent/sensors.json
export HOURGLASS_SENSORS
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work" || exit 1
checks=0
failures=0

fail() {
	failures=$((failures + 1))
	echo "FAIL: $*"
}

# check TEXT COMMAND...: COMMAND must succeed
check() {
	check_text=$1
	shift
	checks=$((checks + 1))
	"$@" || fail "$check_text: $*"
}

# run CODE ARGUMENTS...: runs the command into the files out and err
run() {
	want=$1
	shift
	checks=$((checks + 1))
	last="hourglass $*"
	"$HOURGLASS" "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" = "$want" ] ||
		fail "$last: exit $got, expected $want: $(head -n 3 "$work/err" "$work/out")"
	if grep -q "ERROR: \|runtime error" "$work/err"; then
		fail "$last: sanitizer: $(cat "$work/err")"
	fi
}

# good ARGUMENTS...: exit 0 and nothing on standard error, but for how far it is where the machine is
# so busy that it takes seconds
good() {
	run 0 "$@"
	! grep -v '^hourglass [a-z -]*: [a-z ]*: [0-9]* of [0-9]* after [0-9]* s$' "$work/err" \
		>/dev/null || fail "$last: on standard error: $(cat "$work/err")"
}

# bad ARGUMENTS...: exit 2, one line on standard error, nothing on standard output
bad() {
	run 2 "$@"
	one_line
}

one_line() {
	checks=$((checks + 1))
	if [ "$(wc -l <"$work/err")" != 1 ] || ! grep -q '^hourglass' "$work/err"; then
		fail "$last: not one line: $(cat "$work/err")"
	fi
	[ ! -s "$work/out" ] || fail "$last: on standard output: $(head -n 2 "$work/out")"
}

# says TEXT: standard error is exactly this line
says() {
	checks=$((checks + 1))
	[ "$(cat "$work/err")" = "$1" ] ||
		fail "$last: said: $(cat "$work/err")
      expected: $1"
}

# says_like PATTERN: standard error matches a basic regular expression
says_like() {
	checks=$((checks + 1))
	grep -q -- "$1" "$work/err" || fail "$last: said: $(cat "$work/err")
      expected to match: $1"
}

# shows PATTERN: standard output matches
shows() {
	checks=$((checks + 1))
	grep -q -- "$1" "$work/out" || fail "$last: output does not match: $1: $(head -n 20 "$work/out")"
}

# json FILTER WANT [FILE]: what jq makes of the output (or of a file)
json() {
	checks=$((checks + 1))
	value=$(jq -rc "$1" "${3:-$work/out}" 2>&1)
	[ "$value" = "$2" ] || fail "$last: $1 is $value, expected $2"
}

# await SECONDS COMMAND...: until COMMAND succeeds, so long at most: what is checked then says more
await() {
	await_left=$(($1 * 20))
	shift
	until "$@"; do
		[ "$await_left" -gt 0 ] || return 0
		await_left=$((await_left - 1))
		sleep 0.05
	done
}

# same_file A B
same_file() {
	checks=$((checks + 1))
	cmp -s "$1" "$2" || fail "$last: $1 and $2 differ"
}

skip() {
	echo "SKIP: $*"
	exit 77
}

finish() {
	echo "$checks checks, $failures failures"
	[ "$failures" = 0 ]
	exit
}

# sweep NAME: writes NAME.csv, a power-limit sweep with two dominated rows, and NAME.json of it
sweep() {
	cat >"$1.csv" <<-'CSV'
		limit,seconds,joules
		300,10,3000
		250,11,2750
		200,12,2300
		150,15,2100
		125,19,2150
		100,25,2400
	CSV
	"$HOURGLASS" frontier import --format csv "$1.csv" --time seconds --energy joules \
		--knob limit=power_limit_w:W --name "$1" --work-unit step -o "$1.json" >/dev/null ||
		fail "import of $1.csv"
}

# profile N: a profile of N stages whose clocks trade time for energy; backward takes twice as long
profile() {
	echo stage,instruction,frequency,time,energy
	awk -v n="$1" 'BEGIN {
		for (s = 0; s < n; s++) {
			heavy = s == n - 1 ? 1.1 : 1
			for (f = 1400; f >= 800; f -= 100) {
				t = 0.05 * heavy * (0.2 + 0.8 * 1400 / f)
				e = 4 * heavy * (1.5 + 3 * (f / 1400) ^ 2) + 80 * t
				printf "%d,forward,%d,%.9f,%.9f\n", s, f, t, e
				printf "%d,backward,%d,%.9f,%.9f\n", s, f, 2 * t, 2 * e
			}
		}
	}'
}

# fresh: a card of files, below root; $hwmon its folder there, $cap the file of its power limit, and
# $before what that says. Power is read where there is no counter.
fresh() {
	cat >card.json <<-'JSON'
		{"schema": "hourglass.scenario/1", "devices": [{"vendor": "amd", "name": "Card"}]}
	JSON
	rm -rf root
	"$HG_FAKE_SYSFS" --scenario card.json root || exit 1
	rm -f root/sys/class/drm/card0/device/gpu_metrics
	hwmon=$(echo root/sys/class/drm/card0/device/hwmon/hwmon*)
	cap=$hwmon/power1_cap
	before=$(cat "$cap")
}

# steady_steps: writes steps.sh N, which tells of N steps of 30 ms each
steady_steps() {
	cat >steps.sh <<-'SH'
		for i in $(seq "$1"); do
			echo >&"$HOURGLASS_STEPS_FD"
			sleep 0.03
		done
	SH
}

# is_back: whether the limit of that card is as it was; is_away: whether it is another one
is_back() {
	[ "$(cat "$cap")" = "$before" ]
}
is_away() {
	! is_back && [ -s "$cap" ]
}

# back AFTER: the limit of that card is as it was
back() {
	check "the limit is back: $1" test "$(cat "$cap")" = "$before"
}
