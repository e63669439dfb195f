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
shows '^  nvml  *0  .*libnvidia-ml.so.1'
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
