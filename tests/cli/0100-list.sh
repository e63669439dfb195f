#!/bin/sh
# list: what there is.
. "$(dirname "$0")/lib.sh"

# A machine with nothing in it, and then the one that this runs on: whatever it has, there is a
# line for every backend.
mkdir root
HOURGLASS_FS_ROOT=$work/root
HOURGLASS_NVML=$work/root/libnvidia-ml.so.1
export HOURGLASS_FS_ROOT HOURGLASS_NVML
good list
shows '^Devices: none found'
shows '^  nvml  *0  HOURGLASS_NVML:'
for model in v100 a40 a100-sxm h100-sxm h200 b200 mi300x l40s; do
	shows "sim:$model "
done
for workload in resnet50-training llm-prefill llm-decode gpt-pipeline-stage; do
	shows "^  $workload "
done
good list --json
json .schema hourglass.list/1
json .hardware.looked_for true
json '[.hardware.backends[] | select(.name == "nvml") | .devices, .result]' '[0,"HG_ENOENT"]'
json '[.hardware.backends[] | .devices > 0 or (.reason | length > 0)] | all' true
json '.devices | length' 0
json '[.simulated_devices[].spec] | contains(["sim:v100", "sim:h100-sxm", "sim:mi300x"])' true
json '[.workloads[].name] | contains(["llm-decode", "resnet50-training"])' true
json '[.simulated_devices[] | .power_limit_min_w > 0 and .power_limit_max_w > .power_limit_min_w
	and .peak_flops > 1e13] | all' true

good list --device sim:h100 --json
json .hardware.looked_for false
good list --device sim:h100
shows '(simulated)'
shows '^  energy  *uJ'
shows '^  power_limit  *200 W  *700 W'
good list --device sim:h100,seed=3 -d sim:a40 --json
json '.devices | length' 2
json '.devices[0].spec' sim:h100,seed=3
json '.devices[0].simulated' true
json '.devices[0].knobs[] | select(.name == "power_limit") | .max' 700000
json '.devices[1].knobs[] | select(.name == "power_limit") | .max' 300000
json '.devices[0].signals[] | select(.name == "energy") | .monotone' true
json '[.devices[0].signals[] | select(.present | not) | .absent | length > 0] | all' true

bad list --device nvml:0
says_like 'nvml:0: .*libnvidia-ml.so.1'
bad list --device nvlm:0
says_like 'did you mean "nvml"'
bad list --device sim:
bad list --device sim:h1000
says_like 'h100'
bad list --device sim:h100,noise=x
says_like 'noise'
bad list --device sim:h100,nosie=1
says_like 'nosie'
bad list --device sim:h100 --device sim:nope --json
bad list sim:h100
says "hourglass list: unexpected argument 'sim:h100'; usage: hourglass list [--device SPEC]... [--json]"

# GPUs of the fake driver library: found, labelled, and why a knob cannot be set.
HOURGLASS_NVML=${HG_FAKE_NVML:?names the fake library}
HOURGLASS_SCENARIO=$work/scenario.json
export HOURGLASS_SCENARIO
cat >scenario.json <<'JSON'
{"schema": "hourglass.scenario/1", "rights": false, "devices": [{"name": "Fake A"}, {}],
 "rules": [{"call": "nvmlDeviceGetUUID", "device": 1, "result": 15}]}
JSON
good list
shows '^nvml:0: Fake A (simulated)'
shows '^  energy  *uJ  *gpu'
shows '^  memory_power  *mW  *memory  *-  absent: '
shows '^  power_limit  *200 W  *700 W '
shows '^      cannot be set: needs root'
shows '^  energy .* 100 ms  .*$'
shows '^  nvml  *1  nvml:1: the GPU fell off the bus'
good list --json
json '.hardware.backends[] | select(.name == "nvml") | [.devices, .result]' '[1,"HG_EDEVICE"]'
json '.devices[0] | [.spec, .simulated, .vendor, .pci]' '["nvml:0",true,"nvidia","0000:17:00.0"]'
json '.devices[0].knobs[] | select(.name == "sm_clock") | .ladder | [length, .[0], .[-1]]' \
	'[110,345000000,1980000000]'
json '[.devices[0].knobs[].settable] | any' false
json '[.devices[0].knobs[] | .write_only]' '[false,true,true,false,false]'
json '.devices[0].signals[] | select(.name == "energy") | [.lag_s, .coverage, .trust]' \
	'[null,null,"not calibrated"]'
good list
check '80 columns' awk 'length > 80 { exit 1 }' out
good list --json
echo '{' >scenario.json
good list
shows '^  nvml  *0  nvmlInit_v2: .*scenario.json:[12]: '

# A GPU with instances: parts below their whole, also in the order of the details. A range that the
# driver does not tell is not 0.
cat >scenario.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [{"uuid": "GPU-1", "mig": ["MIG-a", "MIG-b"]}]}
JSON
good list
shows '^Devices:$'
shows '^  nvml:0  *Fake H100'
shows '^    nvml:MIG-a  '
shows '^  power_limit  *?  *?  *?  *?  *?  cannot be set'
good list --json
json '.devices[0].parts' '["nvml:MIG-a","nvml:MIG-b"]'
json '[.devices[].spec]' '["nvml:0","nvml:MIG-a","nvml:MIG-b"]'
json '.devices[1].knobs[0] | [.min, .max, .step, .default, .current, .settable]' \
	'[null,null,null,null,null,false]'

# A driver that hangs is given up, and says so.
cat >scenario.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [{}],
 "rules": [{"call": "nvmlInit_v2", "hang": true}]}
JSON
HOURGLASS_DRIVER_TIMEOUT=0.2
export HOURGLASS_DRIVER_TIMEOUT
good list
shows '^  nvml  *0  the driver did not answer in 0.2 s'
bad list --device nvml:0
says_like 'nvml:0: the driver did not answer in 0.2 s'
HOURGLASS_DRIVER_TIMEOUT=soon
bad list
says_like 'HOURGLASS_DRIVER_TIMEOUT: expected seconds'
unset HOURGLASS_DRIVER_TIMEOUT
echo '{"schema": "hourglass.scenario/1", "devices": []}' >scenario.json

# Files beside the compiled-in ones.
mkdir -p data/devices data/workloads
HOURGLASS_DATA_DIR=$work/nosuch
export HOURGLASS_DATA_DIR
bad list
says_like 'nosuch'
HOURGLASS_DATA_DIR=$work/data
good list
echo '{' >data/devices/h100-sxm.json
bad list
says_like 'data/devices/h100-sxm.json:[12]: '
finish
