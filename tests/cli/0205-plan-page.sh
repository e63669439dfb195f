#!/bin/sh
# plan show: the page's own script, run without a browser, shows what other commands say.
# shellcheck disable=SC2086 # $solve is several words
. "$(dirname "$0")/lib.sh"
scripts=$(cd "$OLDPWD" && cd "$(dirname "$0")" && pwd)

command -v duk >/dev/null 2>&1 || skip "no duk here: Debian's package duktape has it"

# page FILE WANT: runs the script of a page; WANT is a list of what it must show
page() {
	{
		printf 'var IDS = ['
		grep -o ' id="[^"]*"' "$1" | sed 's/.* id=\(".*"\)/\1,/' | tr -d '\n'
		printf '];\nvar VALUE = "%s";\nvar DATA =\n' \
			"$(sed -n 's/.* id="time" .* value="\([0-9]*\)".*/\1/p' "$1")"
		sed -n '/<script type="application.json"/,/<.script>/p' "$1" | sed '1d;$d'
		printf ';\nvar WANT = %s;\n' "$2"
		printf 'function page() {\n'
		sed -n '/^<script>$/,/^<.script>$/p' "$1" | sed '1d;$d'
		printf '}\n'
		cat "$scripts/plan-page.js"
	} >page.js
	checks=$((checks + 1))
	duk page.js >page.out 2>&1 || fail "$1: $(tail -n 5 page.out)"
	[ "$(tail -n 1 page.out)" = fine ] || fail "$1: $(head -n 12 page.out)"
}

# at POSITION OF PLANS OPTIONS: what plan at says of the time at which the slider stands there
at() {
	time=$(jq -r --argjson k "$1" --argjson n "$2" \
		'.t_min_s as $t | ([.frontier[-1].time_s - $t, 0] | max) as $d
		| ($k / ($n - 1)) as $x | $t + $d * $x * $x' "$3")
	file=$3 position=$1
	shift 3
	run 0 plan at "$file" --time "$time" "$@" --json
	jq -c --argjson k "$position" '. + {position: $k}' out
}

solve="plan pipeline --static-power 80 --schedule 1f1b"
profile 8 >p8.csv
profile 16 >p16.csv

run 0 $solve --profile p8.csv --microbatches 24 -o 8x24.plans
run 0 plan show 8x24.plans -o 8x24.html --json
n=$(jq .plans out)
page 8x24.html "[$(at 0 "$n" 8x24.plans --iterations 3000), $(at 7 "$n" 8x24.plans --iterations 3000),
	$(at 20 "$n" 8x24.plans --iterations 3000)]"

run 0 $solve --quantum 20W --profile p16.csv --microbatches 96 -o 16x96.plans
run 0 plan show 16x96.plans -o 16x96.html --json
n=$(jq .plans out)
page 16x96.html "[$(at 1 "$n" 16x96.plans --effort 0), $(at 9 "$n" 16x96.plans --effort 0)]"

# a plan alone has no slider
good plan at 8x24.plans --slowdown 2% --effort 0 -o plan.csv
good plan show plan.csv -o plan.html
page plan.html '[]'

# a page that is wrong is found out
wrong() {
	checks=$((checks + 1))
	sed "$1" 8x24.html >wrong.html
	said=$(page wrong.html "[$want]")
	printf '%s\n' "$said" | grep -q "$2" || fail "a page with $1 is taken: $said"
}
n=$(grep -c '"bound_j"' 8x24.html)
want=$(at 7 "$n" 8x24.plans --iterations 3000)
wrong 's/"switches": *[0-9]*/"switches": 7/' 'changes is "7"'

finish
