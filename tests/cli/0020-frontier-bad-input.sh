#!/bin/sh
# Files that cannot be used: exit 2, one line that says file, line and field, nothing written.
. "$(dirname "$0")/lib.sh"
sweep f

# refuses PATTERN ARGUMENTS...: exit 2, one line that matches, and out.json is as it was before
refuses() {
	pattern=$1
	shift
	echo "as it was" >out.json
	bad "$@" -o out.json
	says_like "$pattern"
	check "$last: old output" test "$(cat out.json)" = "as it was"
	rm out.json
	bad "$@" -o out.json
	check "$last: no output" test ! -e out.json
	check "$last: no leftovers" test -z "$(find . -name '.hourglass-*')"
}
import() {
	pattern=$1
	shift
	refuses "$pattern" frontier import --format csv x.csv --time t --energy e --knob k "$@"
}

# CSV
: >x.csv
import '^hourglass: x\.csv'
printf 't,e,k\n' >x.csv
import '^hourglass: x\.csv'
printf 't,e,k\n1,2,100\n1,nan,200\n' >x.csv
import '^hourglass: x\.csv:3: .*e'
printf 't,e,k\n1,2,100\n1,NaN,200\n' >x.csv
import '^hourglass: x\.csv:3: .*e'
printf 't,e,k\n1,inf,100\n' >x.csv
import '^hourglass: x\.csv:2: .*e'
printf 't,e,k\n1,2,100\n-1,2,200\n' >x.csv
import '^hourglass: x\.csv:3: .*t'
printf 't,e,k\n1,,100\n' >x.csv
import '^hourglass: x\.csv:2: .*e'
printf 't,e,k\n1,2x,100\n' >x.csv
import '^hourglass: x\.csv:2: .*e'
printf 't,e,k\n1,2,100\n2,1,100\n' >x.csv
import '^hourglass: x\.csv:3: .*line 2'
printf 't,k\n1,2\n' >x.csv
import '^hourglass: x\.csv:1: column e: '
printf 't,e,k\n1,2\n' >x.csv
import '^hourglass: x\.csv:2: '
printf 't,e,k\n1,2,"100\n' >x.csv
import '^hourglass: x\.csv:2: .*quote'
printf 't,e,k\n1,2,100\n' >x.csv
import 'nosuch' --where nosuch=1
import '^hourglass: x\.csv.*7' --where k=7
refuses 'parsec' frontier import --format csv x.csv --time t:parsec --energy e --knob k
{
	printf 't,e,k'
	awk 'BEGIN { for (i = 0; i < 1000000; i++) printf ",c"; print "" }'
} >x.csv
import '^hourglass: x\.csv:1: .*4096'
printf 'a\000b,e,k\n1,2,3\n' >x.csv
import '^hourglass: x\.csv:1: '

# Zeus's windows
zeus() {
	refuses "$1" frontier import --format zeus-windows x.csv
}
: >x.csv
zeus '^hourglass: x\.csv'
printf 'start_time,window_name,elapsed_time\n1,a_100_WATTS,1\n' >x.csv
zeus '^hourglass: x\.csv'
printf 'start_time,window_name,gpu0_energy\n1,a_100,1\n' >x.csv
zeus 'elapsed_time'
printf 'start_time,window_name,elapsed_time,gpu0_energy\n1,__GlobalPowerLimitOptimizer_100,1,-5\n' >x.csv
zeus '^hourglass: x\.csv:2: .*gpu0_energy'
printf 'start_time,window_name,elapsed_time,gpu0_energy\n1,__GlobalPowerLimitOptimizer_100,1,5\n2,__GlobalPowerLimitOptimizer_100,2,6\n' >x.csv
zeus '^hourglass: x\.csv:3: '

# JSON
json_file() {
	refuses "$1" frontier convert x.json
	bad frontier pick x.json --knee
	bad frontier show x.json
	bad frontier plot x.json
	bad frontier merge f.json x.json
	bad frontier import --format hourglass x.json
}
: >x.json
json_file '^hourglass: x\.json'
head -c 200 f.json >x.json
json_file '^hourglass: x\.json:[0-9]*: '
sed 's|hourglass.frontier/1|hourglass.frontier/2|' f.json >x.json
json_file '^hourglass: x\.json.*2'
sed 's|hourglass.frontier/1|hourglass.pick/1|' f.json >x.json
json_file '^hourglass: x\.json.*frontier'
sed 's|"time_s": 10|"time_s": -10|' f.json >x.json
json_file '^hourglass: x\.json:[0-9]*: .*time_s'
sed 's|"time_s": 10|"time_s": NaN|' f.json >x.json
json_file '^hourglass: x\.json:[0-9]*: '
sed 's|"time_s": 10,||' f.json >x.json
json_file '^hourglass: x\.json:[0-9]*: .*time_s'
sed 's|"time_s": 10|"time_s": 1e999|' f.json >x.json
json_file '^hourglass: x\.json:[0-9]*: '
awk 'BEGIN { for (i = 0; i < 100000; i++) printf "[" }' >x.json
json_file '^hourglass: x\.json:1: '

# Files that cannot be read
bad frontier show nosuch.json
says "hourglass: nosuch.json: No such file or directory"
mkdir dir
bad frontier show dir
says "hourglass: dir: Is a directory"
bad frontier import --format csv dir --time a --energy b --knob c
says "hourglass: dir: Is a directory"
if [ "$(id -u)" != 0 ]; then
	chmod 0 f.csv
	bad frontier import --format csv f.csv --time seconds --energy joules --knob limit
	says "hourglass: f.csv: Permission denied"
fi
bad frontier merge - -
says "hourglass frontier merge: standard input (-) given twice"

# Options of import that do not go together
bad frontier import x.csv
says "hourglass frontier import: --format is missing: zeus-windows, csv or hourglass"
bad frontier import --format csv x.csv --energy e --knob k
says "hourglass frontier import: --format csv needs --time COL"
bad frontier import --format csv x.csv --time t --knob k
says "hourglass frontier import: --format csv needs one of --energy COL and --power COL"
bad frontier import --format csv x.csv --time t --energy e --power p --knob k
says "hourglass frontier import: --format csv needs one of --energy COL and --power COL"
bad frontier import --format csv x.csv --time t --energy e
says "hourglass frontier import: --format csv needs --knob COL"
bad frontier import --format zeus-windows x.csv --where a=b
says "hourglass frontier import: --where goes with --format csv, not with --format zeus-windows"
bad frontier import --format csv x.csv --time t --energy e --knob k --where a
says "hourglass frontier import: --where a: expected COL=VALUE,..."
bad frontier import --format csv x.csv --time t --energy e --knob k --where a=1,
says "hourglass frontier import: --where a=1,: expected COL=VALUE,..."
finish
