#!/bin/sh
# plot: well-formed SVG, terminal plots in braille and ASCII, names that must be escaped.
. "$(dirname "$0")/lib.sh"
sweep f
good frontier scale f.json --factor 1.5 -o g.json

# well_formed FILE
well_formed() {
	check "$1 is well-formed" python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' "$1"
}
good frontier plot f.json -o f.svg
shows '^f.svg: plot of 1 frontier$'
well_formed f.svg
for text in 'Time per step (s)' 'Energy per step (J)' '>300 W<' '<title>power_limit_w=200: 12 s, 2.3 kJ' \
	'(dominated)</title>' 'class="hull s0"' 'class="line s0"'; do
	check "SVG has $text" grep -qF -- "$text" f.svg
done
check "points" test "$(grep -c '<circle class="p f0"' f.svg)" = 4
check "dominated" test "$(grep -c '<circle class="p lost"' f.svg)" = 2
check "nothing from outside" test "$(grep -c 'http' f.svg)" = 1
good frontier plot f.json g.json -o fg.svg --title 'a <b> & "c"' --json
json .schema hourglass.written/1
well_formed fg.svg
check "escaped" grep -qF 'a &lt;b&gt; &amp; &quot;c&quot;' fg.svg
check "second colour" grep -q 'class="line s1"' fg.svg
"$HOURGLASS" frontier convert f.json --name '<script>"&' -o evil.json >/dev/null
good frontier plot evil.json -o evil.svg
well_formed evil.svg
check "no tag from a name" test "$(grep -c '<script' evil.svg)" = 0
good frontier plot f.json -o -
same_file out f.svg

# One point; zeros; far-off dominated points.
printf 'k,t,e\n1,1,10\n' >one.csv
printf 'k,t,e\n1,1,10\n2,2,9\n3,500,10\n' >far.csv
for name in one far; do
	good frontier import --format csv $name.csv --time t --energy e --knob k -o $name.json
done
sed 's|"time_s": 1|"time_s": 0|; s|"energy_j": 10|"energy_j": 0|' one.json >zero.json
for name in one zero far; do
	good frontier plot $name.json -o $name.svg
	well_formed $name.svg
	check "no NaN" test "$(grep -ci 'nan\|inf"' $name.svg)" = 0
	good frontier plot $name.json
done
shows '1 more beyond the axes'

# The terminal: as wide as COLUMNS says, braille only where UTF-8 is.
good frontier plot f.json
shows '●'
COLUMNS=50 good frontier plot f.json
check "fits" test "$(wc -L <out)" -le 50
LC_ALL=C
good frontier plot f.json --terminal
check "ASCII" test "$(LC_ALL=C grep -c '[^ -~]' out)" = 0
shows ' o'
LC_ALL=C.UTF-8
check "no colour codes" test "$(grep -c "$(printf '\033')" out)" = 0
good frontier plot f.json g.json --json
json .schema hourglass.plot/1
json '.series | length' 2
json '.series[0].points[0].setting.power_limit_w' 300
bad frontier plot f.json --terminal --json
says "hourglass frontier plot: --terminal and --json exclude each other: give one"
bad frontier plot f.json --terminal -o -
says "hourglass frontier plot: --terminal and -o - exclude each other: give one"
bad frontier plot f.json nosuch.json -o x.svg
check "nothing written" test ! -e x.svg
finish
