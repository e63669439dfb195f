#!/bin/sh
# doctor: one row for each rule: a machine on which it must be found.
. "$(dirname "$0")/lib.sh"

chmod 755 "$work"
HOURGLASS_NVML=$work/none.so
HOURGLASS_SCENARIO=$work/scenario.json
HOURGLASS_FS_ROOT=$work/root
export HOURGLASS_NVML HOURGLASS_SCENARIO HOURGLASS_FS_ROOT
fake=${HG_FAKE_NVML:?names the fake library}
tested=

# as_nobody ARGUMENTS...: runs the command without root's power to read everything
as_nobody() {
	if [ "$(id -u)" != 0 ]; then
		"$HOURGLASS" "$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all "$HOURGLASS" "$@"
	fi
}

# machine FILE=TEXT...: kernel files; where TEXT is - it may not be read, after ro: not be written
machine() {
	rm -rf root
	mkdir root
	for pair; do
		file=root/${pair%%=*}
		mkdir -p "${file%/*}"
		text=${pair#*=}
		printf '%s\n' "${text#ro:}" >"$file"
		case $text in
		-) chmod 0 "$file" ;;
		ro:*) chmod 444 "$file" ;;
		esac
	done
}

# pci VENDOR CLASS: words for machine
pci() {
	echo "sys/bus/pci/devices/0000:17:00.0/vendor=$1"
	echo "sys/bus/pci/devices/0000:17:00.0/class=$2"
}

# rule ID CODE FILE=TEXT...: is found on this machine, and the exit status is CODE
rule() {
	id=$1 code=$2
	shift 2
	machine "$@"
	tested="$tested $id"
	checks=$((checks + 1))
	as_nobody doctor --json >out 2>err
	got=$?
	last="doctor with $id"
	[ "$got" = "$code" ] || fail "$last: exit $got, expected $code: $(cat err)"
	json "[.findings[].id] | index(\"$id\") != null" true
	json ".well" "$([ "$code" = 0 ] && echo true || echo false)"
}

# lacks ID FILE=TEXT...: is not found on this machine
lacks() {
	id=$1
	shift
	machine "$@"
	checks=$((checks + 1))
	as_nobody doctor --json >out 2>err
	last="doctor without $id"
	json "[.findings[].id] | index(\"$id\")" null
}

# played RULES: the fake library, and what goes wrong in it
played() {
	HOURGLASS_NVML=$fake
	echo "{\"schema\": \"hourglass.scenario/1\", \"devices\": [{}]$1}" >scenario.json
}

# Nothing there: nothing to fix.
machine proc/cpuinfo=none
good doctor
shows '^Nothing to fix.$'
shows '^  nvml  *0  '
good doctor --json
json '[.schema, .well, .findings]' '["hourglass.doctor/1",true,[]]'

gpu=$(pci 0x10de 0x030200)
driver=proc/driver/nvidia/version=570.86
# shellcheck disable=SC2046,SC2086 # words
{
	rule nvidia-driver 1 $gpu
	lacks nvidia-driver $gpu $driver
	lacks nvidia-driver $(pci 0x10de 0x040300) # its sound
	rule nvidia-nouveau 1 $gpu sys/module/nouveau/refcnt=1
	HOURGLASS_NVML=
	rule nvidia-library 1 $gpu $driver
	rule nvidia-container 1 $driver .dockerenv=x
	rule nvidia-capabilities 1 $driver .dockerenv=x dev/nvidiactl=x
}
for row in nvidia-upgraded/18 nvidia-not-loaded/9 nvidia-permission/4 nvidia-blocked/17; do
	played ", \"rules\": [{\"call\": \"nvmlInit_v2\", \"result\": ${row#*/}}]"
	rule "${row%/*}" 1 $driver
done
for row in nvidia-lost/15 nvidia-reset/16; do
	played ", \"rules\": [{\"call\": \"nvmlDeviceGetUUID\", \"result\": ${row#*/}}]"
	rule "${row%/*}" 1 $driver
done
played ''
rule nvidia-persistence 0 $driver
lacks nvidia-persistence $driver run/nvidia-persistenced/socket=x
lacks nvidia-set $driver
played ', "rights": false'
rule nvidia-set 0 $driver
HOURGLASS_NVML=$work/none.so
# shellcheck disable=SC2046 # words
{
	rule nvidia-sleeps 0 $(pci 0x10de 0x030000) $driver \
		sys/bus/pci/devices/0000:17:00.0/power/runtime_status=suspended
	rule amd-driver 1 $(pci 0x1002 0x120000)
	lacks amd-driver $(pci 0x1002 0x120000) sys/module/amdgpu/refcnt=1
	rule habana-module 1 $(pci 0x1da3 0x120000)
	rule habana-library 1 $(pci 0x1da3 0x120000) sys/module/habanalabs/refcnt=1
	rule neuron-module 1 $(pci 0x1d0f 0x088000)
	lacks neuron-module $(pci 0x1d0f 0x020000) # its network
	rule tpu 0 $(pci 0x1ae0 0x088000)
	lacks tpu $(pci 0x1ae0 0x020000) # its host's network
}
rule amd-render 1 dev/kfd=-
lacks amd-render dev/kfd=x
card=sys/class/drm/card0/device
set -- "$card/uevent=DRIVER=amdgpu
PCI_SLOT_NAME=0000:03:00.0" $card/hwmon/hwmon1/name=amdgpu \
	$card/hwmon/hwmon1/power1_average=81000000
rule amd-metrics 0 "$@"
cap=$card/hwmon/hwmon1/power1_cap
rule amd-set 0 "$@" $cap=ro:300000000 ${cap}_min=0 ${cap}_max=300000000 ${cap}_default=300000000

intel='model name: x GenuineIntel'
rule rapl-driver 1 "proc/cpuinfo=$intel"
lacks rapl-driver "proc/cpuinfo=$intel hypervisor"
rule rapl-virtual 0 "proc/cpuinfo=$intel hypervisor"
rule rapl-driver-amd 1 'proc/cpuinfo=AuthenticAMD'
zone=sys/class/powercap/intel-rapl:0
set -- $zone/name=package-0 $zone/max_energy_range_uj=262143328850
lacks rapl-driver "proc/cpuinfo=$intel" "$@" $zone/energy_uj=1
lacks rapl-read "$@" $zone/energy_uj=1
rule rapl-read 1 "$@" $zone/energy_uj=-
json '.findings[] | select(.id == "rapl-read") | .lines | map(test("setcap|udev|chmod")) | all' true
as_nobody doctor >out 2>err
shows '^fix: rapl-read$'
shows '^      until reboot: chmod a+r /sys/class/powercap/\*/energy_uj$'
rule rapl-perf 1 "$@" $zone/energy_uj=- sys/bus/event_source/devices/power/type=23
rule rapl-container 0 .dockerenv=x
rule rapl-filter 0 "$@" $zone/energy_uj=1 dev/sgx_enclave=x
limit=$zone/constraint_0_power_limit_uw
rule rapl-off 0 "$@" $zone/energy_uj=1 $limit=28000000 $zone/enabled=0
rule rapl-set 0 "$@" $zone/energy_uj=1 $limit=ro:28000000
policy=sys/devices/system/cpu/cpufreq/policy0
rule cpufreq-set 0 $policy/related_cpus=0 $policy/cpuinfo_min_freq=800000 \
	$policy/cpuinfo_max_freq=3000000 $policy/scaling_max_freq=ro:3000000
card=sys/class/drm/card1/device
rule intel-sysman 0 "$card/uevent=DRIVER=xe
PCI_SLOT_NAME=0000:04:00.0"
rule intel-set 0 "$card/uevent=DRIVER=xe
PCI_SLOT_NAME=0000:04:00.0" $card/hwmon/hwmon3/name=xe $card/hwmon/hwmon3/energy1_input=5000 \
	$card/hwmon/hwmon3/power1_max=ro:150000000 $card/hwmon/hwmon3/power1_rated_max=190000000
rule neuron-version 1 sys/module/neuron/version=2.20.1
neuron=sys/devices/virtual/neuron_device/neuron0
rule neuron-rated 0 $neuron/stats/power/utilization=POWER_STATUS_VALID,1,10.00,40.00,25.00
lacks neuron-version sys/module/neuron/version=2.22.4

# Every rule has its row.
good doctor --rules --json
for id in $(jq -r '.rules[].id' out); do
	case " $tested " in
	*" $id "*) ;;
	*) fail "no test of the rule $id" ;;
	esac
done
json '[.rules[].lines | length > 0] | all' true
json '[.rules[].id] | length == (unique | length)' true
good doctor --rules
shows '^note: tpu$'
bad doctor now
finish
