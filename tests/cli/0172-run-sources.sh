#!/bin/sh
# run over every source of energy that there is, and over counters that something happens to: the
# figure is right, or there is none and a reason.
. "$(dirname "$0")/lib.sh"
fake_sysfs=${HG_FAKE_SYSFS:?names the program}
: "${HG_FAKE_NVML:?names the fake library}" "${HG_FAKE_LEVELZERO:?names the fake library}"
mkdir root
HOURGLASS_FS_ROOT=$work/root
HOURGLASS_NVML=$HG_FAKE_NVML
HOURGLASS_LEVEL_ZERO=$HG_FAKE_LEVELZERO
export HOURGLASS_FS_ROOT HOURGLASS_NVML HOURGLASS_LEVEL_ZERO

# Files of the kernel: counters that are read, and power that is integrated.
cat >tree.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [
 {"vendor": "cpu", "power_w": 150, "counter_period_s": 0},
 {"vendor": "amd", "power_w": 600, "counter_period_s": 0},
 {"vendor": "intel", "power_w": 400, "counter_period_s": 0},
 {"vendor": "grace", "power_w": 200},
 {"vendor": "jetson", "power_w": 38, "uuid": "j", "pci": "0:3:0.0"}]}
JSON
"$fake_sysfs" --scenario tree.json --live --every 20ms root &
live=$!
n=0
until "$HOURGLASS" list --json >list.json 2>/dev/null &&
	[ "$(jq '.devices | length' list.json)" -ge 5 ] || [ $n -ge 100 ]; do
	sleep 0.1
	n=$((n + 1))
done
HOURGLASS_NVML=/nonexistent HOURGLASS_LEVEL_ZERO=/nonexistent run 0 run --json -o tree-run.json -- sleep 2
kill $live
wait $live

# near DEVICE WATTS: its mean power, within 5 %, as files are old by some ms when they are read; no
# figure where the fake had to wait too long for its turn
near() {
	json ".runs[0].devices[] | select(.id | startswith(\"$1\")) |
		(.avg_w == null and (.reason | length) > 0) or (.avg_w / $2 - 1 | fabs) < 0.05" true tree-run.json
}
near rapl: 150
near amdgpu: 600
near intel: 400
near hwmon:power_meter 200
near hwmon:ina3221 38
json '[.runs[0].devices[] | select(.avg_w != null)] | length >= 3' true tree-run.json
json '.runs[0].devices[] | select(.id | startswith("hwmon:ina3221")) | .method' power tree-run.json

# What happens to counters, played by the fake libraries: NAME, EVENTS, and what is expected of it.
events() {
	cat >"$1.json" <<-JSON
		{"schema": "hourglass.scenario/1", "devices": [{"power_w": 300, "events": [$2]}]}
	JSON
	sed 's/"power_w"/"vendor": "intel", "counter_period_s": 0.001, &/' "$1.json" >"$1-levelzero-scenario.json"
	cp "$1.json" "$1-nvml-scenario.json"
	for driver in nvml levelzero; do
		HOURGLASS_SCENARIO=$work/$1-$driver-scenario.json \
			"$HOURGLASS" run -d $driver:0 --json -o "$1-$driver.json" -- sleep 3 \
			2>"$1-$driver.err" &
	done
	wait
}

# refused NAME REASON: no joules, and why
refused() {
	for driver in nvml levelzero; do
		json '.runs[0].devices[0].energy_j' null "$1-$driver.json"
		json ".runs[0].devices[0].reason | test(\"$2\")" true "$1-$driver.json"
	done
}

# A reload of the driver; 3.69 TW for good, as a broken counter was once seen to say; the same for
# a moment; a counter that goes back for a moment; one that stands still; a device that is lost.
events reset '{"at_s": 2, "what": "reset"}'
events leap '{"at_s": 2, "what": "step", "by_j": 3.69e12}'
events spike '{"at_s": 2, "what": "step", "by_j": 3.69e12}, {"at_s": 2.12, "what": "step", "by_j": -3.69e12}'
events back '{"at_s": 2, "what": "step", "by_j": -200}, {"at_s": 2.12, "what": "step", "by_j": 200}'
events freeze '{"at_s": 1.5, "what": "freeze"}'
events lose '{"at_s": 2, "what": "lose"}'
events none ''
refused reset 'reset or contradicts itself'
refused leap 'reset or contradicts itself'
refused freeze 'frozen'
refused lose 'lost'
for name in spike back none; do
	for driver in nvml levelzero; do
		json '.runs[0].devices[0] | .energy_j == null and (.reason | test("reset")) or
			(.avg_w / 300 - 1 | fabs) < 0.02' true "$name-$driver.json"
	done
done
json '.runs[0].devices[0].energy_j != null' true none-nvml.json
json '.runs[0].devices[0].energy_j != null' true none-levelzero.json
# Others on the device: a process that is there and not ours. Here that is process 1; ourselves, and
# one that is nowhere to be seen, are none.
others() {
	printf '{"schema": "hourglass.scenario/1", "devices": [{"processes": [{"pid": %s}]}]}\n' "$1" >scenario.json
}
(
	HOURGLASS_SCENARIO=$work/scenario.json
	export HOURGLASS_SCENARIO
	others 1
	"$HOURGLASS" run -d nvml:0 -o shared.json --json -- sleep 0.5
	others 4194304
	"$HOURGLASS" run -d nvml:0 -o unseen.json --json -- sleep 0.3
	# shellcheck disable=SC2016
	sh -c 'printf "{\"schema\": \"hourglass.scenario/1\", \"devices\": [{\"processes\": [{\"pid\": $$}]}]}" >scenario.json
		exec "$HOURGLASS" run -d nvml:0 -o own.json --json -- sleep 0.3'
)
json '.runs[0].devices[0].flags | index("shared") != null' true shared.json
json '.runs[0].devices[0].flags | index("shared") != null' false unseen.json
json '.runs[0].devices[0].flags | index("shared") != null' false own.json
finish
