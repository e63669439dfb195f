#!/bin/sh
# list on a made tree of kernel files: what is found, what is absent and why.
. "$(dirname "$0")/lib.sh"

# put PATH TEXT: a kernel file.
put() {
	mkdir -p "root/$(dirname "$1")"
	printf '%s\n' "$2" >"root/$1"
}

zone=sys/class/powercap/intel-rapl:0
put $zone/name package-0
put $zone/energy_uj 123456
put $zone/max_energy_range_uj 262143328850
put $zone/constraint_0_name long_term
put $zone/constraint_0_power_limit_uw 28000000
put $zone/constraint_0_max_power_uw 35000000
put $zone:0/name dram
put $zone:0/energy_uj garbage
put $zone:0/max_energy_range_uj 65712999613
card=sys/class/drm/card0/device
put $card/uevent 'DRIVER=amdgpu
PCI_SLOT_NAME=0000:03:00.0'
put $card/hwmon/hwmon1/name amdgpu
put $card/hwmon/hwmon1/power1_average 81000000
sensor=sys/class/hwmon/hwmon2
put $sensor/name ina3221
put $sensor/in1_label VDD_IN
put $sensor/in1_input 19000
put $sensor/curr1_input 1500
HOURGLASS_FS_ROOT=$work/root
HOURGLASS_NVML=$work/root/libnvidia-ml.so.1
export HOURGLASS_FS_ROOT HOURGLASS_NVML

good list
shows '^rapl:package-0: RAPL package-0'
shows '^  power_limit  *7 W  *35 W .* 28 W  *28 W'
shows '^amdgpu:0000:03:00.0: '
shows '^hwmon:ina3221/VDD_IN: '
good list --json
json '[.devices[].signals[].absent // "" | test("energy_uj: expected a whole number, found .garbage")] | any' true
json '[.devices[].signals[].absent // "" | test("gpu_metrics: No such file or directory")] | any' true
json '[.devices[].spec] | contains(["rapl:package-0", "rapl:package-0/dram",
	"amdgpu:0000:03:00.0", "hwmon:ina3221/VDD_IN"])' true
json '[.devices[] | .simulated] | any' false
json '[.devices[].signals[] | select(.present | not) | .absent | length > 0] | all' true
json '[.hardware.backends[] | select(.name == "rapl") | .devices]' '[2]'
good list --device rapl:package-0 --json
json '.devices[0].signals[] | select(.name == "energy") | .present' true
bad list --device rapl:package-1
says_like 'rapl:package-0'
bad list --device amdgpu:0000:04:00.0
says_like 'amdgpu:0000:03:00.0'
finish
