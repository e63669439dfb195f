#!/bin/sh
# profile: sweeps of simulated devices.
. "$(dirname "$0")/lib.sh"

good profile --device sim:h100 --workload resnet50-training -o f.json
shows '^f.json: .* (simulated)$'
json '.points | length >= 5' true f.json
json '[.points[].setting.power_limit_w] | max' 700 f.json
json '[.points[].origin | contains(["simulated"])] | all' true f.json
json '[.points[] | .energy_rsd <= 0.0051] | all' true f.json
cp f.json again.json
good profile --device sim:h100 --workload resnet50-training -o f.json --json
json .schema hourglass.written/1
json .simulated true
same_file f.json again.json

# The knobs that were asked for, and nothing else.
good profile -d sim:a40 -w llm-decode -k power_limit=100:300:50 -o g.json
good frontier show g.json --all --json
json '[.points[].setting.power_limit_w] | sort' '[100,150,200,250,300]'
good profile -d sim:a40 -w llm-decode -k power_limit=300W,150W -k sm_clock=1.2GHz,1740MHz -o g.json
good frontier show g.json --all --json
json '.points | length' 4
json '[.points[].setting | keys | length] | unique' '[2]'
good profile -d sim:a40 -w llm-decode --rsd 5% --max-window 1s --warmup 1 -k power_limit=200

# Noise has a seed.
good profile -d sim:v100,noise=2%,seed=5 -w llm-prefill -o n1.json
good profile -d sim:v100,noise=2%,seed=5 -w llm-prefill -o n2.json
good profile -d sim:v100,noise=2%,seed=6 -w llm-prefill -o n3.json
jq .points n1.json >p1
jq .points n2.json >p2
jq .points n3.json >p3
same_file p1 p2
check "another seed" test -n "$(cmp p1 p3)"

bad profile -w resnet50-training
says "hourglass profile: --device is missing, such as --device sim:h100"
bad profile -d sim:h100
says "hourglass profile: --workload is missing, such as --workload resnet50-training, or -- CMD"
bad profile -d sim:h100 -w nope
says_like 'resnet50-training'
bad profile -d sim:h100 -w ./nope.json
says_like 'nope.json'
bad profile -d rocm:0 -w llm-decode
says_like 'not supported in this version'
knob() {
	bad profile -d sim:h100 -w llm-decode -k "$1"
	says "hourglass profile: $2"
}
knob power_limit "--knob power_limit: expected NAME=MIN:MAX:STEP or NAME=V1,V2,..."
knob powerlimit=300 "--knob: the device has no knob 'powerlimit'; it has power_limit, sm_clock"
knob power_limit=100:700:50 "--knob power_limit=100: must be from 200 W to 700 W"
knob power_limit=300,2kW "--knob power_limit=2kW: must be from 200 W to 700 W"
knob power_limit=700:300:50 "--knob power_limit: MIN is above MAX"
knob power_limit=300:700 "--knob power_limit: expected MIN:MAX:STEP or V1,V2,..."
knob power_limit=300:700:50:1 "--knob power_limit: expected MIN:MAX:STEP or V1,V2,..."
knob power_limit=300:700:0 "--knob power_limit: the step must be above 0"
knob power_limit=300:700:0.001 "--knob power_limit: more than 100000 values"
knob power_limit=300MHz '--knob power_limit: "300MHz" is not a power in uW, mW, W, kW or MW'
bad profile -d sim:h100 -w llm-decode -k power_limit=300 -k power_limit=400
says "hourglass profile: --knob power_limit given twice"

# A workload of one's own, and a broken one.
good profile -d sim:h100 -w resnet50-training -k power_limit=400 -o /dev/null
for text in '' '{}' '[' '{"schema": "hourglass.workload/9"}'; do
	printf '%s' "$text" >w.json
	bad profile -d sim:h100 -w ./w.json -o x.json
	says_like '^hourglass: \./w\.json'
	check "nothing written" test ! -e x.json
done

# SIGINT, which a shell without job control has its background commands ignore.
cat >int.py <<-'PY'
	import signal, subprocess, sys, time
	child = subprocess.Popen(sys.argv[2:], stdout=open("out", "wb"), stderr=open("err", "wb"),
	                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
	time.sleep(float(sys.argv[1]))
	child.send_signal(signal.SIGINT)
	sys.exit(child.wait(30))
PY
python3 int.py 2 "$HOURGLASS" profile -d sim:h100,realtime=1 -w resnet50-training \
	--max-window 0.2s -o int.json
check "profile ends with 130" test $? = 130
says_like 'interrupted; the [0-9]* settings measured so far were written'
check "at least one setting" test "$(jq '.points | length' int.json)" -ge 1
python3 int.py 0.2 "$HOURGLASS" profile -d sim:h100,realtime=1 -w resnet50-training \
	--max-window 5s -o int2.json
check "profile ends with 130" test $? = 130
says "hourglass profile: interrupted before anything was measured"
check "nothing written" test ! -e int2.json
# Killed while knobs are set: it ends by the signal that killed it, after putting them back.
checks=$((checks + 1))
timeout --preserve-status -s TERM 1 "$HOURGLASS" profile --device sim:h100,realtime=1 \
	--workload llm-decode --max-window 60 -o killed.json >out 2>err
[ $? = 143 ] || fail "a killed profile: $(cat err)"
check 'nothing was written' test ! -e killed.json
check 'nothing was said' test ! -s err
finish
