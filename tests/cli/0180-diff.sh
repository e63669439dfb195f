#!/bin/sh
# diff: significance of differences, and the gate.
. "$(dirname "$0")/lib.sh"

# report NAME FACTOR N: a report of N runs around 100 J times FACTOR, 1 % noise, 2 s
report() {
	awk -v f="$2" -v n="$3" 'BEGIN {
		split("0 1 -1 0.5 -0.5 0.8 -0.8", noise, " ")
		printf "{\"schema\": \"hourglass.energy/1\", \"simulated\": false, \"command\": [\"x\"],\n"
		printf "\"devices\": [{\"id\": \"nvml:0\", \"uuid\": \"GPU-1\"}],\n\"runs\": ["
		for (i = 1; i <= n; i++) {
			e = 100 * f * (1 + 0.01 * noise[(i - 1) % 7 + 1])
			printf "%s{\"time_s\": %.17g, \"devices\": [{\"energy_j\": %.17g, \"sigma_j\": 0.2}],", \
				(i > 1 ? ",\n" : ""), 2 + 0.001 * i, e
			printf " \"total\": {\"energy_j\": %.17g, \"sigma_j\": 0.2}}", e
		}
		printf "]}\n"
	}' >"$1"
}
report a.json 1 7
report same.json 1.001 7
report more.json 1.05 7
report less.json 0.9 7
report one.json 1.05 1
report first.json 1 1

good diff a.json same.json
shows '^  total *energy *100.* J *100.1 J *+0.10 %.*not significant$'
good diff a.json more.json --json
json .schema hourglass.diff/1
json '.changes[] | select(.device == "total" and .metric == "energy") | .significant' true
json '.changes[] | select(.device == "total" and .metric == "energy") | (.change - 0.05 | fabs) < 1e-9 and .lo > 0.03 and .hi < 0.07' true
# Welch by hand: both sides have sd 0.7746 % of their mean, 7 runs, 12 degrees of freedom.
json '.changes[] | select(.device == "total" and .metric == "energy") | ((.hi - .lo) / 2 - 2.1796 * 0.0077460 / 7 * (7 * (1 + 1.05 * 1.05)) / (7 * (1 + 1.05 * 1.05)) | fabs) < 0.02' true
good diff a.json less.json
shows ' less$'

# The gate looks at the total, and at significance.
run 1 diff a.json more.json --fail-over 3%
shows ' more$'
run 0 diff a.json more.json --fail-over 6%
run 0 diff a.json same.json --fail-over 0
run 0 diff more.json a.json --fail-over 0
run 0 diff a.json more.json --fail-over 3% --metric time
run 1 diff a.json more.json --fail-over 3% --metric power --json
json .failed true
# Single runs: the sensor's error counts, and is said not to be all.
run 1 diff first.json one.json --fail-over 3%
shows 'of single runs only the measurement'
good diff a.json one.json
shows 'not significant\|more'

# Devices are matched by UUID.
sed 's/nvml:0/nvml:3/' more.json >moved.json
good diff a.json moved.json --json
json '[.changes[] | select(.device == "nvml:0")] | length' 2

# What has no energy says why, and is no gate.
sed 's/"energy_j": [0-9.e+-]*, "sigma_j": 0.2/"energy_j": null, "reason": "no counter"/g' a.json >none.json
good diff none.json a.json
shows 'no counter'
bad diff none.json a.json --fail-over 3%
says "hourglass diff: --fail-over: the total energy cannot be compared: no counter"

# Files that are no reports.
bad diff a.json absent.json
echo '{"schema": "hourglass.energy/2"}' >v2.json
bad diff a.json v2.json
says_like 'v2.json.*hourglass.energy/2'
echo '{"schema": "hourglass.energy/1", "devices": [], "runs": []}' >empty.json
bad diff empty.json a.json
says 'hourglass: empty.json:1: "runs" is empty'
echo '{"schema": "hourglass.energy/1", "devices": [], "runs": [{"time_s": -1, "devices": [], "total": {}}]}' >neg.json
bad diff neg.json a.json
says_like 'neg.json:1: .*time_s'
head -c 100 a.json >cut.json
bad diff cut.json a.json
bad diff a.json
says "hourglass diff: a report is missing; usage: hourglass diff A B [--fail-over RATIO] [options]"

# As a user has it.
good run -d sim:h100 -r 3 --format json -o r.json -- true
good diff r.json r.json --fail-over 1%
shows 'simulated devices'
finish
