#!/bin/sh
# show, pick, convert, compose: results by hand on small frontiers.
. "$(dirname "$0")/lib.sh"
sweep f

# show
good frontier show f.json
shows '^f: 4 points, 2 dominated, per step; unknown origin$'
check "header and four rows" test "$(wc -l <out)" = 6
shows '^power_limit_w=250  *11 s .* 1.100x  *-8.3 %'
good frontier show f.json --all
shows '^power_limit_w=100 .*dominated$'
check "six rows" test "$(wc -l <out)" = 8
good frontier show f.json --hull --json
json '[.points[].setting.power_limit_w]' '[300,200,150]'
good frontier show f.json --all --json
json .schema hourglass.show/1
json '[.points[].setting.power_limit_w]' '[300,250,200,150,125,100]'
json '[.points[] | select(.dominated) | .setting.power_limit_w]' '[125,100]'
json '[.points[] | select(.hull) | .setting.power_limit_w]' '[300,200,150]'
json .simulated false
bad frontier show f.json --all --hull
says "hourglass frontier show: --all and --hull exclude each other: give one"

# pick
while read -r limit options; do
	# shellcheck disable=SC2086 # words
	good frontier pick f.json $options --json
	json .schema hourglass.pick/1
	json '.setting.power_limit_w | tostring' "$limit"
	json .feasible true
	# shellcheck disable=SC2086
	good frontier pick f.json $options
	shows ": power_limit_w=$limit$"
	shows '^  against the fastest: time '
	shows '^  against the cheapest: time '
done <<'TABLE'
150 --min-energy
300 --min-time
150 --eta 1
300 --eta 0
200 --eta 0.5 --max-power 300
200 --eta 0.5 --max-power 100W
150 --eta 0.5 --max-power 60W
200 --eta 0.5
250 --max-slowdown 1.1
250 --max-slowdown 10%
250 --max-slowdown 1.19x
200 --max-slowdown 1.2
150 --deadline 1h
200 --deadline 14.9s
300 --deadline 10
300 --budget 3kJ
150 --budget 2100
200 --knee
TABLE
run 3 frontier pick f.json --deadline 9.9
one_line
says "hourglass frontier pick: no setting meets --deadline 9.9 s; the nearest is power_limit_w=300: 10 s, 3 kJ"
run 3 frontier pick f.json --deadline 9.9 --json
json .feasible false
json .setting.power_limit_w 300
json '"\(.time_s) \(.energy_j)"' '10 3000'
run 3 frontier pick f.json --budget 0.5Wh
one_line
says_like 'the nearest is power_limit_w=150: 15 s, 2.1 kJ'
# While waiting at 100 W is charged, time worked is credited: 2150 - 100 * 19, although 125 W is
# slower and dearer than 150 W.
good frontier convert f.json --static-power 0.1kW -o s.json
good frontier pick s.json --deadline 20 --charge-waiting --json
json '"\(.setting.power_limit_w) \(.cost_j)"' '125 250'
good frontier pick s.json --deadline 18 --charge-waiting --json
json '"\(.setting.power_limit_w) \(.cost_j)"' '150 600'
good frontier pick s.json --deadline 20 --json
json '"\(.setting.power_limit_w) \(.cost_j)"' '150 2100'
good frontier show s.json
shows '^f: 4 points, 2 dominated, per step, waiting at 100 W;'
good frontier show s.json --all
shows '^power_limit_w=125 .*dominated, pays while waiting is charged$'
good frontier show s.json --all --json
json '[.points[] | select(.waiting) | .setting.power_limit_w]' '[125,100]'
json '[.points[].setting.power_limit_w]' '[300,250,200,150,125,100]'
good frontier plot s.json -o s.svg
check "dominated in the plot" test "$(grep -c '<circle class="p lost"' s.svg)" = 2

bad frontier pick f.json
says "hourglass frontier pick: no objective: give one of --min-energy, --min-time, --eta, --max-slowdown, --deadline, --budget, --knee"
bad frontier pick f.json --min-energy --min-time
says "hourglass frontier pick: --min-energy and --min-time exclude each other: give one"
bad frontier pick f.json --knee --max-power 100
says "hourglass frontier pick: --max-power goes with --eta, not with --knee"
bad frontier pick f.json --eta 0.5 --max-power 0
says "hourglass frontier pick: --max-power 0: must be above 0"
bad frontier pick f.json --knee --charge-waiting
says "hourglass frontier pick: --charge-waiting goes with --min-energy, --max-slowdown or --deadline, not with --knee"

# convert: JSON to CSV and back loses nothing that CSV holds; unknown fields survive.
jq '. + {"x-note": {"by": ["me", 1e-07]}}' f.json >note.json
good frontier convert note.json -o note2.json
json '.["x-note"]' '{"by":["me",1e-07]}' note2.json
good frontier convert f.json -o f.csv
check "CSV" test "$(grep -vc '^#' f.csv)" = 7
good frontier convert f.csv -o back.json
jq '[.name, .work_unit, .points]' f.json >a
jq '[.name, .work_unit, .points]' back.json >b
same_file a b
good frontier convert f.json --name other --work-unit epoch --max-power 500 -o n.json --json
json .file n.json
json .schema hourglass.written/1
json '"\(.name) \(.work_unit) \(.max_power_w)"' 'other epoch 500' n.json
good frontier import --format hourglass f.json --name third --devices 2 -o n.json
json '.name' third n.json
good frontier show n.json --json
json .devices 2

# series: 4 x 4 sums, of which the non-dominated stay; each names its parts.
printf 'k,t,e\n1,1,10\n2,2,5\n' >a.csv
printf 'k,t,e\n1,1,8\n2,4,7\n' >b.csv
for name in a b; do
	good frontier import --format csv $name.csv --time t --energy e --knob k --name $name -o $name.json
done
good frontier series a.json b.json -o ab.json
good frontier show ab.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["2,18","3,13","6,12"]'
good frontier pick ab.json --deadline 3 --json
json '[.parts[] | "\(.name) \(.setting.k) \(.count)"]' '["a 2 1","b 1 1"]'
json .setting null
good frontier pick ab.json --deadline 3
shows '(a: k=2) + (b: k=1)$'
good frontier series a.json b.json --hull -o hull.json
good frontier show hull.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["2,18","3,13","6,12"]'
# parallel: the slowest counts, energies add.
good frontier parallel a.json b.json -o par.json
good frontier show par.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["1,18","2,13","4,12"]'
# merge: the better of both; a point names the one it is from.
good frontier merge a.json b.json -o or.json
good frontier show or.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["1,8","2,5"]'
good frontier pick or.json --min-time --json
json '.parts[0].name' b
json .setting.k 1
# repeat, scale, mix
good frontier repeat a.json --times 3 -o rep.json
good frontier show rep.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["3,30","4,25","5,20","6,15"]'
good frontier pick rep.json --deadline 5 --json
json '[.parts[] | "\(.setting.k) \(.count)"] | sort' '["1 1","2 2"]'
good frontier scale a.json --time-factor 2 --energy-factor 0.5 -o sc.json
good frontier show sc.json --json
json '[.points[] | "\(.time_s),\(.energy_j)"]' '["2,5","4,2.5"]'
good frontier mix f.json -o mix.json
good frontier show mix.json --json
json '[.points[].setting.power_limit_w]' '[300,200,150]'
bad frontier repeat a.json
says "hourglass frontier repeat: --times is missing"
bad frontier scale a.json
says "hourglass frontier scale: give --factor, --time-factor or --energy-factor"
bad frontier scale a.json --factor 0
bad frontier scale a.json --factor -1
bad frontier merge
says "hourglass frontier merge: FILE is missing; usage: hourglass frontier merge FILE... [-o OUT]"

# import: words as settings, units, devices, commas in values.
cat >w.csv <<'CSV'
job,mode,ms,kj
"a,b",slow,2000,1
"a,b",fast,1000,2
c,slow,1,1
CSV
good frontier import --format csv w.csv --time ms:ms --energy kj:kJ --knob mode --where 'job=a,,b' \
	--devices 2 --static-power 80W -o w.json
good frontier pick w.json --min-time --json
json .setting.mode fast
json '"\(.time_s) \(.energy_j)"' '1 2000'
good frontier show w.json --json
json '"\(.devices) \(.static_power_w)"' '2 80'
finish
