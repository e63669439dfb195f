#!/bin/sh
# Zeus's own profiles through the command: its choices for energy, time and eta, and ours for a
# slowdown, which is the cheapest point within it and not the lowest limit.
. "$(dirname "$0")/lib.sh"
profiles=${HG_TEST_DATA:-}/zeus/profile_data
[ -d "$profiles" ] || skip "no $profiles"

# picks LIMIT OPTION...: what pick says about f.json
picks() {
	limit=$1
	shift
	good frontier pick f.json "$@" --json
	json .schema hourglass.pick/1
	json '.setting.power_limit_w | tostring' "$limit"
	json '.setting.power_limit_w | type' number
	json .feasible true
	# shellcheck disable=SC2016 # the $ are awk's
	check "$name $*: figures" awk -F, -v limit="$limit" -v t="$(jq .time_s out)" \
		-v e="$(jq .energy_j out)" 'NR > 1 && $2 ~ "_" limit "$" {
			sum = 0
			for (i = 4; i <= NF; i++) sum += $i
			good = t - $3 < 1e-9 * t && $3 - t < 1e-9 * t && e - sum < 1e-9 * e && sum - e < 1e-9 * e
		} END { exit !good }' "$file"
}

# cheapest FACTOR: limit of the cheapest row within FACTOR times the fastest
cheapest() {
	awk -F, -v f="$1" 'NR > 1 {
		sum = 0
		for (i = 4; i <= NF; i++) sum += $i
		n++; t[n] = $3; e[n] = sum; sub(/.*_/, "", $2); w[n] = $2
		if (n == 1 || $3 < least) least = $3
	} END {
		for (i = 1; i <= n; i++)
			if (t[i] <= f * least && (!best || e[i] < e[best])) best = i
		print w[best]
	}' "$file"
}

while read -r name energy time e25 e50 e75 w25 w50 w75; do
	file=$profiles/$name.csv
	[ -f "$file" ] || skip "no $file"
	good frontier import --format zeus-windows "$file" -o f.json
	picks "$energy" --min-energy
	picks "$time" --min-time
	picks "$e25" --eta 0.25
	picks "$e50" --eta 50%
	picks "$e75" --eta .75
	# Zeus's default counts one device's limit whatever the number of devices.
	most=$(awk -F, 'NR > 1 { sub(/.*_/, "", $2); if ($2 > most) most = $2 + 0 } END { print most }' "$file")
	picks "$w25" --eta 0.25 --max-power "$most"
	picks "$w50" --eta 0.5 --max-power "${most}W"
	picks "$w75" --eta 0.75 --max-power "$(awk "BEGIN { print $most / 1000 }")kW"
	for factor in 1.1 1.2 1.6; do
		picks "$(cheapest $factor)" --max-slowdown $factor
	done
done <<'TABLE'
A40+bert-base-uncased+gpu0 200 275 275 275 200 275 275 200
A40+resnet18+gpu0,1,2,3 100 275 275 300 300 300 100 100
A40+resnet18+gpu0 175 175 175 175 175 175 175 175
A40+resnet50+gpu0 175 300 225 200 200 225 200 200
V100+resnet18+gpu0 125 250 150 150 150 150 150 150
V100+resnet50+gpu0,1 125 250 250 175 150 200 150 150
V100+resnet50+gpu0 150 250 250 175 175 250 175 175
V100+shufflenetv2+gpu0 100 200 200 100 100 200 100 100
TABLE
check "all files of the folder are in the table" test "$(find "$profiles" -name '*.csv' | wc -l)" = 8

# Zeus takes 125 W for a slowdown of 1.6, which is slower and dearer than 150 W.
good frontier import --format zeus-windows "$profiles/V100+resnet50+gpu0.csv" -o f.json
good frontier pick f.json --max-slowdown 1.6
shows 'power_limit_w=150$'
run 3 frontier pick f.json --deadline 20 --json
json .feasible false
json .setting.power_limit_w 250
says "hourglass frontier pick: no setting meets --deadline 20 s; the nearest is power_limit_w=250: 26.67 s, 6.065 kJ"
run 3 frontier pick f.json --budget 4kJ --json
json .feasible false
json .setting.power_limit_w 150
finish
