#!/bin/sh
# Help, versions, and what is said about wrong usage.
. "$(dirname "$0")/lib.sh"
sweep f

good --version
shows '^hourglass [0-9]*\.[0-9]*\.[0-9]*$'
good --version --json
json .schema hourglass.version/1
good --help
shows '^  frontier pick '
good help
cp out help
good -h
same_file out help

bad
says "hourglass: no command; 'hourglass help' lists them"
bad nope
says "hourglass: unknown command 'nope'; 'hourglass help' lists them"
bad lsit
says "hourglass: unknown command 'lsit'; did you mean 'list'?"
bad pick f.json
says "hourglass: unknown command 'pick'; did you mean 'frontier pick'?"
bad --frob
says "hourglass: unknown option '--frob' before the command; 'hourglass help' lists what there is"
bad frontier
says "hourglass frontier: no command; 'hourglass help frontier' lists them"
bad frontier piick
says "hourglass frontier: unknown command 'piick'; did you mean 'frontier pick'?"
bad help nope
says "hourglass help: unknown command 'nope'; 'hourglass help' lists them"
bad help list list
says "hourglass help: 'list' has no commands of its own"
bad help frontier pick now
says "hourglass help: unexpected argument 'now'; usage: hourglass help [COMMAND [COMMAND]] [--json]"

bad "$(printf 'two\nlines\033[1m')"
says "hourglass: unknown command 'two?lines?[1m'; 'hourglass help' lists them"

# Options: spelling, values, how often, how many arguments.
bad frontier pick f.json --min-enrgy
says "hourglass frontier pick: unknown option '--min-enrgy'; did you mean '--min-energy'?"
bad frontier pick f.json -x
says "hourglass frontier pick: unknown option '-x'; 'hourglass help frontier pick' lists them"
bad frontier pick --knee
says "hourglass frontier pick: FILE is missing; usage: hourglass frontier pick FILE OBJECTIVE [--json]"
bad frontier pick f.json g.json --knee
says "hourglass frontier pick: unexpected argument 'g.json'; usage: hourglass frontier pick FILE OBJECTIVE [--json]"
bad frontier pick f.json --eta
says "hourglass frontier pick: --eta needs a value: X"
bad frontier pick f.json --eta --json
says "hourglass frontier pick: --eta needs a value: X"
bad frontier pick f.json --knee=yes
says "hourglass frontier pick: --knee takes no value"
bad frontier pick f.json --eta 0.5 --eta 0.5
says "hourglass frontier pick: --eta given twice"
bad frontier pick f.json --eta 1.5
says "hourglass frontier pick: --eta 1.5: must be from 0 to 1"
bad frontier pick f.json --max-slowdown=0.9
says "hourglass frontier pick: --max-slowdown 0.9: must be at least 1"
bad frontier pick f.json --deadline -5s
says "hourglass frontier pick: --deadline -5s: must be at least 0 s"
for value in '' x nan inf 1e999 0x10 5parsecs '5 5' 5J +5; do
	bad frontier pick f.json --deadline "$value"
done
says 'hourglass frontier pick: --deadline: "+5" is not a time in ns, us, ms, s, min, h or d'
bad frontier repeat f.json --times 1.5
says "hourglass frontier repeat: --times: '1.5' is not a whole number"
bad frontier repeat f.json --times 0
says "hourglass frontier repeat: --times 0: must be from 1 to 4294967295"
bad frontier import --format zeus f.csv
says "hourglass frontier import: --format: no 'zeus'; did you mean 'zeus-windows'?"
bad frontier import --format xml f.csv
says "hourglass frontier import: --format: no 'xml'; known are zeus-windows, csv, hourglass"
bad frontier import --format csv f.csv --name ''
says "hourglass frontier import: --name: the value is empty"

# Every place an option may stand, both ways to give a value, and where options end.
good frontier pick --deadline 12 f.json --json
json .setting.power_limit_w 200
cp out a
good frontier pick f.json --json --deadline=12s
same_file out a
good frontier pick --json --deadline=12s -- f.json
same_file out a
cp f.json ./--knee
good frontier pick --json --deadline=12s -- --knee
same_file out a
good frontier convert f.json -ocopy.json
good frontier convert f.json --output=copy2.json
same_file copy.json copy2.json

# Every command has help, as text and as JSON, and a page.
good help --json
json .schema hourglass.help/1
jq -r '.commands[] | [.name, .page, (.options | map(.name) | join(" "))] | @tsv' out >commands
check "all commands" test "$(wc -l <commands)" -ge 18
while read -r line; do
	name=$(printf '%s\n' "$line" | cut -f1)
	# shellcheck disable=SC2086 # the words of a command
	good help $name
	cp out text
	# shellcheck disable=SC2086
	good $name --help
	same_file out text
	for option in $(printf '%s\n' "$line" | cut -f3); do
		shows "$option"
	done
	# shellcheck disable=SC2086
	good help $name --json
	json '.commands[0].name' "$name"
done <commands
finish
