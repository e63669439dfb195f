#!/bin/sh
# run: a job on simulated devices at the setting that was picked.
. "$(dirname "$0")/lib.sh"
good profile -d sim:h100 -w resnet50-training -o f.json

good run -d sim:h100 -w resnet50-training -f f.json --max-slowdown 5% --units 20000 --compare
shows 'simulated device'
shows '(simulated)'
shows '^  default setting, run'
good run -d sim:h100 -w resnet50-training -f f.json --max-slowdown 5% --units 20000 --compare --json
json .schema hourglass.run/1
json .simulated true
json .feasible true
json .units 20000
json '.slowdown <= 1.051 and .slowdown > 1' true
json '.energy_saving > 0.03' true
json '(.energy_j - .predicted.energy_j | fabs) < 0.02 * .energy_j' true
json '(.counter_j - .energy_j | fabs) < 0.001 * .energy_j' true
json '.default_run.energy_j > .energy_j' true
limit=$(jq .setting.power_limit_w out)
good frontier pick f.json --max-slowdown 5% --json
json .setting.power_limit_w "$limit"

# The deadline is that of the whole job.
good run -d sim:h100 -w resnet50-training -f f.json --deadline 1h --units 55000 --json
json '.time_s <= 3600' true
good run -d sim:h100 -w resnet50-training -f f.json --budget 1MJ --units 55000 --json
json '.predicted.energy_j <= 1e6' true
run 3 run -d sim:h100 -w resnet50-training -f f.json --deadline 1s --units 55000
one_line
says_like '^hourglass run: no setting meets --deadline 1 s; the nearest is power_limit_w=700: '
run 3 run -d sim:h100 -w resnet50-training -f f.json --deadline 1s --units 55000 --json -o r.json
json .feasible false
json .setting.power_limit_w 700
check "no report" test ! -e r.json

# Without a frontier it profiles; without units it runs an hour at the fastest setting.
good run -d sim:h100 -w resnet50-training --min-time --json
json '(.time_s - 3600 | fabs) < 40' true
good run -d sim:h100 -w resnet50-training --min-time --duration 10min --json
json '(.time_s - 600 | fabs) < 10' true

# Several devices are one group: one setting, energies add, everybody waits for the slowest.
good run -d sim:h100 -w resnet50-training -f f.json --max-slowdown 5% --units 500 --json
one=$(jq .energy_j out)
good run -d sim:h100 -d sim:h100 -w resnet50-training -f f.json --max-slowdown 5% --units 500 --json
json "(.energy_j - 2 * $one | fabs) < 0.001 * .energy_j" true
json '.devices | length' 2
good run -d sim:h100,noise=5%,seed=1 -d sim:h100,noise=5%,seed=2 -w resnet50-training -f f.json \
	--min-time --units 500 --json
json '.time_s > 1.005 * .predicted.time_s' true
bad run -d sim:h100 -d sim:a40 -w resnet50-training -f f.json --knee
says "hourglass run: devices of a group must be of one kind, not h100-sxm and a40"

# Report and trace.
good run -d sim:h100 -w resnet50-training -f f.json --knee --units 100 -o r.json --trace p.csv --json
same_file out r.json
check "trace header" test "$(sed -n 2p p.csv)" = "device,start_s,end_s,power_w,clock_hz"
awk -F, 'NR > 2 { j += ($3 - $2) * $4; t = $3 } END { printf "%.6g %.6g\n", t, j }' p.csv >sum
check "trace adds up" test "$(cat sum)" = "$(jq -r '"\(.time_s) \(.energy_j)"' r.json |
	awk '{ printf "%.6g %.6g\n", $1, $2 }')"
good run -d sim:h100 -w resnet50-training -f f.json --knee --units 10000000 --trace p.csv
check "long traces are summed up" test "$(wc -l <p.csv)" -lt 300000

# Wrong usage.
bad run -w resnet50-training --knee
says "hourglass run: --device is missing, such as --device sim:h100"
bad run -d sim:h100 --knee
says "hourglass run: --workload is missing, such as --workload resnet50-training, or --steps-from and -- CMD"
bad run -d sim:h100 -w resnet50-training
says_like 'no objective'
bad run -d sim:h100 -w resnet50-training --knee --units 5 --duration 5
says "hourglass run: --units and --duration exclude each other: give one"
bad run -d sim:h100 -w resnet50-training --knee --units 0
says "hourglass run: --units 0: must be from 1 to 1000000000000"
bad run -d nvml:0 -w resnet50-training --knee
says_like 'not supported in this version'
sweep g
bad run -d sim:h100 -w resnet50-training -f g.json --min-energy
says_like 'power_limit 150000 mW is out of range'
good frontier series f.json f.json -o s.json
bad run -d sim:h100 -w resnet50-training -f s.json --knee
says_like 'composed of several pieces of work'
sed 's/power_limit_w/batch_size/' g.json >b.json
bad run -d sim:h100 -w resnet50-training -f b.json --knee
says "hourglass run: the frontier's knob 'batch_size' is none of sim:h100"

cat >int.py <<-'PY'
	import signal, subprocess, sys, time
	child = subprocess.Popen(sys.argv[2:], stdout=open("out", "wb"), stderr=open("err", "wb"),
	                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
	time.sleep(float(sys.argv[1]))
	child.send_signal(signal.SIGINT)
	sys.exit(child.wait(30))
PY

python3 int.py 0.7 "$HOURGLASS" run -d sim:h100,realtime=1 -w resnet50-training -f f.json --knee \
	-o r2.json
check "run ends with 130" test $? = 130
says_like 'interrupted after [0-9]* of [0-9]* units; the knobs are back as they were'
check "no report" test ! -e r2.json
finish
