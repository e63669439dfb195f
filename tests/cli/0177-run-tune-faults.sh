#!/bin/sh
# run OBJECTIVE --steps-from fd -- CMD on devices that something is wrong with, played by the fake
# library: what can be said is said, and what can be put back is put back.
. "$(dirname "$0")/lib.sh"
: "${HG_FAKE_NVML:?names the fake library}"
export HOURGLASS_NVML="$HG_FAKE_NVML" HOURGLASS_FS_ROOT="$work/root"
mkdir root

steady_steps

# faulty NAME DEVICE [MORE]: members of the device, and of the scenario; into NAME.json and NAME.err
faulty() {
	name=$1
	last="run on a device: $name"
	cat >"$name-scenario.json" <<-JSON
		{"schema": "hourglass.scenario/1",
		 "devices": [{"model": "h100-sxm", "workload": "llm-decode"${2:+, $2}}]${3:+, $3}}
	JSON
	HOURGLASS_SCENARIO=$work/$name-scenario.json \
		"$HOURGLASS" run --min-energy --steps-from fd --json -o "$name.json" -- \
		sh steps.sh 80 2>"$name.err" &
}
# of NAME FILTER WANT
of() {
	last=$1
	json "$2" "$3" "$1.json"
}
# tells NAME PATTERN; quiet NAME
tells() {
	check "$1" grep -q -- "$2" "$1.err"
}
quiet() {
	check "$1: $(head -n 2 "$1.err")" test ! -s "$1.err"
}
no_limit='"rules": [{"call": "nvmlDeviceSetPowerManagementLimit", "result": 4}]'
no_counter='"rules": [{"call": "nvmlDeviceGetTotalEnergyConsumption", "result": 3}]'

# A counter that lies by 10 % on all settings alike; one that starts at 0 again; none, but power.
faulty lies '"counter_gain": 1.1'
faulty reset '"events": [{"at_s": 1.2, "what": "reset"}]'
faulty power '' "$no_counter"
wait
# Settings that are taken and change nothing; that are refused; that nobody may make.
faulty ignored '"set_ignored": true'
faulty refused '' "$no_limit"
faulty rights '' '"rights": false'
wait
# A device that is lost; one that another tenant joins.
faulty lost '"lost_after_s": 1.4'
faulty tenant '"processes": [{"pid": 1, "memory_bytes": 1000000, "from_s": 0.5, "to_s": 100}]'
wait

for name in lies reset power tenant; do
	of $name '.tried >= 2 and .energy_saving > 0.1' true
	of $name .restored true
	quiet $name
done
tells ignored '^hourglass run: a setting was refused: power_limit: asked for [0-9]* W, reads back 700$'
of ignored '.refused >= 1' true
of ignored .stuck '["power_limit"]'
of ignored '[.settings[] | select(.measured) | .setting.power_limit_w // 700] | all(. == 700)' true
of ignored .restored true
tells refused '^hourglass run: a setting was refused: nvml:0: power_limit cannot be set: not permitted$'
of refused .restored true
of refused .stuck '["power_limit"]'
of refused '.chosen.sm_clock_mhz > 0 and .energy_saving > 0.1' true
check "what never changed need not be put back" test "$(wc -l <refused.err)" = 1
of rights .phase idle
of rights '.reason | test("power_limit cannot be set: needs root")' true
quiet rights
of lost .exit_code 0
of lost .restored false
tells lost 'power_limit could not be put back to 700000 mW: .*lost'
finish
