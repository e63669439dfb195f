#!/bin/sh
# Output that cannot be written is an error; what was there before stays.
. "$(dirname "$0")/lib.sh"
sweep f

# cannot PATTERN: the last run ended with 125 and one line
cannot() {
	checks=$((checks + 1))
	if [ "$got" != 125 ] || [ "$(wc -l <err)" != 1 ]; then
		fail "$last: exit $got: $(cat err)"
	fi
	says_like "$1"
}

for args in 'list' 'help' '--version' 'frontier show f.json' 'frontier pick f.json --knee' \
	'frontier convert f.json' 'frontier plot f.json' 'completion bash' 'demo -o -'; do
	last="hourglass $args"
	# shellcheck disable=SC2086 # words
	"$HOURGLASS" $args >/dev/full 2>err
	got=$?
	cannot '^hourglass: standard output: No space left on device$'
	# shellcheck disable=SC2086
	"$HOURGLASS" $args >&- 2>err
	got=$?
	cannot '^hourglass: standard output: Bad file descriptor$'
	# shellcheck disable=SC2086
	{ "$HOURGLASS" $args 2>err; echo $? >code; } | true
	got=$(cat code)
	# the reader may have been there a little longer
	[ "$got" = 0 ] || cannot '^hourglass: standard output: Broken pipe$'
done

run 125 frontier convert f.json -o /dev/full
cannot '^hourglass: /dev/full: No space left on device$'
run 125 frontier convert f.json -o nodir/x.json
cannot '^hourglass: nodir/x.json: No such file or directory$'
mkdir dir
run 125 frontier convert f.json -o dir
cannot '^hourglass: dir: Is a directory$'
check "dir is still one" test -d dir
run 125 demo -o nodir/x.html
run 125 frontier plot f.json -o nodir/x.svg
run 125 profile -d sim:h100 -w llm-decode -o nodir/x.json
run 125 run -d sim:h100 -w llm-decode --knee -n 10 -o nodir/x.json
run 125 run -d sim:h100 -w llm-decode --knee -n 10 --trace nodir/x.csv

# Standard streams that are closed do not end up as the output file.
"$HOURGLASS" frontier convert f.json -o copy.json <&- >&- 2>&-
check "frontier alone in the file" jq -e '.schema == "hourglass.frontier/1"' copy.json >/dev/null
last="closed standard input"
"$HOURGLASS" frontier show - <&- >out 2>err
got=$?
check "closed input" test $got = 2
says "hourglass: standard input: Bad file descriptor"

# A file that is replaced keeps its mode; a link is followed.
cp f.json kept.json
chmod 640 kept.json
ln -s kept.json link.json
good frontier scale f.json --factor 2 -o link.json
check "mode" test "$(stat -c %a kept.json)" = 640
check "link" test -L link.json
json '.points[0].time_s' 20 kept.json
check "no temporaries" test -z "$(find . -name '.hourglass-*')"

# Standard input and output as files.
"$HOURGLASS" frontier scale - --factor 2 <f.json >piped.json 2>err
check "through a pipe" cmp -s piped.json kept.json
"$HOURGLASS" frontier import --format csv - --time seconds --energy joules \
	--knob limit=power_limit_w:W <f.csv | "$HOURGLASS" frontier pick - --min-energy --json >out
json .setting.power_limit_w 150
finish
