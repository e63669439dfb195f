#!/bin/sh
# hourglass-fake-sysfs: a tree of kernel files from a scenario, at a time and alive.
. "$(dirname "$0")/lib.sh"

fake=${HG_FAKE_SYSFS:?names the program}
unset HOURGLASS_SCENARIO
HOURGLASS_FS_ROOT=$work/root
HOURGLASS_NVML=$work/nowhere.so
export HOURGLASS_FS_ROOT HOURGLASS_NVML

# fake CODE ARGUMENTS...
fake() {
	want=$1
	shift
	checks=$((checks + 1))
	last="hourglass-fake-sysfs $*"
	"$fake" "$@" >"$work/out" 2>"$work/err"
	got=$?
	[ "$got" = "$want" ] || fail "$last: exit $got, expected $want: $(cat "$work/err")"
}

cat >scenario.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [
 {"vendor": "cpu", "power_w": 150, "counter_period_s": 0, "power_limit_min_w": 50,
  "power_limit_max_w": 250, "power_limit_default_w": 250},
 {"vendor": "cpu", "power_w": 100, "counter_period_s": 0, "counter_modulus_j": 300},
 {"vendor": "amd", "power_w": 900, "counter_period_s": 0},
 {"vendor": "intel", "power_w": 400, "counter_period_s": 0},
 {"vendor": "aws", "power_w": 350, "uuid": "a", "pci": "0:1:0.0"},
 {"vendor": "grace", "power_w": 200, "uuid": "g", "pci": "0:2:0.0"},
 {"vendor": "jetson", "power_w": 38, "uuid": "j", "pci": "0:3:0.0"},
 {"vendor": "nvidia", "uuid": "n", "pci": "0:4:0.0"}]}
JSON
mkdir root
fake 0 --scenario scenario.json --at 10s root

# value FILE TEXT: what a file holds
value() {
	checks=$((checks + 1))
	[ "$(cat "root/$1")" = "$2" ] || fail "$1: $(cat "root/$1"), expected $2"
}

value sys/class/powercap/intel-rapl:0/energy_uj 1500000000
# 1000 J wrap at 300
value sys/class/powercap/intel-rapl:1/energy_uj 100000000
value sys/class/powercap/intel-rapl:1/max_energy_range_uj 299999999
value sys/class/drm/card1/device/hwmon/hwmon2/energy1_input 4000000000

# every one of them is found by the real backends, and labelled
good list --json
json '[.devices[] | .spec] | sort' '["amdgpu:0000:3d:00.0","hwmon:ina3221/VDD_IN","hwmon:power_meter/Grace-Power-Socket-0","intel:0000:5f:00.0","neuron:0","rapl:package-0","rapl:package-1"]'
json '[.devices[] | .simulated] | all' true
good list --device amdgpu:0000:3d:00.0
shows 'power_limit  *200 W  *700 W'
shows 'comes with its time'
good list --json --device amdgpu:0000:3d:00.0
json '[.devices[0].signals[] | select(.stamped) | .name]' '["energy"]'
good list --json --device rapl:package-0
json '[.devices[0].signals[] | .stamped]' '[false,null]'
good list --device neuron:0,rated=700W
shows 'estimated: mean share'

# alive: counters go on, a limit that is written holds and changes the power, a wrong one does not
"$fake" --scenario scenario.json --live --every 20ms root 2>live.err &
live=$!
limit=root/sys/class/drm/card1/device/hwmon/hwmon2/power1_max
meter=root/sys/class/powercap/intel-rapl:0
before=$(cat $meter/energy_uj)
n=0
while [ "$(cat $meter/energy_uj)" = "$before" ] && [ $n -lt 200 ]; do
	sleep 0.05
	n=$((n + 1))
done
check 'the counter counts' [ "$(cat $meter/energy_uj)" != "$before" ]
echo 9999000000 >$limit
n=0
while [ "$(cat $limit)" = 9999000000 ] && [ $n -lt 200 ]; do
	sleep 0.05
	n=$((n + 1))
done
check 'a limit out of range is put back' [ "$(cat $limit)" = 700000000 ]
echo 250000000 >$limit
throttle=root/sys/class/drm/card1/device/tile0/gt0/freq0/throttle/reason_pl1
n=0
while [ "$(cat $throttle)" != 1 ] && [ $n -lt 200 ]; do
	sleep 0.05
	n=$((n + 1))
done
check 'a limit holds' [ "$(cat $throttle)" = 1 ]
kill $live
wait $live
check 'ends well when it is told to' [ $? = 0 ]
check 'says nothing' [ ! -s live.err ]

# what cannot be
fake 2
fake 2 --every
fake 2 --every 5J root
fake 2 --every 0s root
fake 2 root more
fake 2 --what root
fake 0 --help
fake 1 --scenario nowhere.json root
echo '{"schema": "hourglass.scenario/1", "devices": [{"vendor": "tpu"}]}' >bad.json
fake 1 --scenario bad.json root
check 'names the line' grep -q 'bad.json:1: vendor' err
touch file
fake 1 --scenario scenario.json file
fake 1 --scenario scenario.json /proc/nowhere

finish
