#!/bin/sh
# run -- CMD: what a command costs; its streams and exit code are its own.
. "$(dirname "$0")/lib.sh"
# nothing of this machine's hardware
mkdir root
export HOURGLASS_FS_ROOT="$work/root"
export HOURGLASS_NVML=/nonexistent

# Streams and exit codes.
run 0 run -d sim:h100 -- sh -c 'echo to out; echo to err >&2'
check "child's output alone" test "$(cat out)" = "to out"
says_like '^to err$'
says_like "^hourglass: 'sh ...' ended with status 0; joules are of simulated devices$"
says_like '^  sim:h100,realtime=1 (simulated) '
run 3 run -d sim:h100 -- sh -c 'exit 3'
cat >kill.sh <<-'SH'
	kill -9 $$
SH
run 137 run -d sim:h100 -- sh kill.sh
run 127 run -d sim:h100 -- no-such-command-here
says "hourglass run: no-such-command-here: No such file or directory"
run 126 run -d sim:h100 -- /
says_like '^hourglass run: /: Permission denied$'
printf 'some input' | "$HOURGLASS" run -d sim:h100 -o r.json --json -- cat >out 2>err
check "standard input is the child's" test "$(cat out)" = "some input"
check "nothing of ours on its streams" test ! -s err

# Options after the command are the command's.
run 0 run -d sim:h100 -o r.txt -- echo -r 5 --json
check "operands" test "$(cat out)" = "-r 5 --json"

# The figures: an idle H100 draws a constant power.
good run -d sim:h100 -r 3 --warmup 1 --format json -o r.json -- sh -c 'echo x >>log; sleep 0.2'
check "warm-ups run" test "$(wc -l <log)" = 4
json .schema hourglass.energy/1 r.json
json .simulated true r.json
json '.runs | length' 3 r.json
json '.exit_code' 0 r.json
json '.command' '["sh","-c","echo x >>log; sleep 0.2"]' r.json
json '.time_s > 0.2 and .time_s < 2' true r.json
json '.devices[0].idle_w > 20' true r.json
json '[.runs[] | .total.lo_j <= .total.energy_j and .total.energy_j <= .total.hi_j] | all' true r.json
# The truth lies within the bounds, idle is all there is, and the estimate is near.
json '.runs | all((.energy_j - .devices[0].idle_j | fabs) < 0.2 * .energy_j)' true r.json
json '.total_half_width_j != null and .time_half_width_s > 0' true r.json
json '.runs[0].devices[0].flags | index("simulated") != null' true r.json
json '.devices[0].in_total' true r.json

# Two devices add up.
good run -d sim:h100,seed=1 -d sim:a40,seed=2 --format json -o r.json -- sleep 0.3
json '(.runs[0] | (.devices | map(.energy_j) | add) - .energy_j | fabs) < 1e-9' true r.json

# Idle may be taken off, and is then nothing on an idle device.
good run -d sim:h100 --isolated --idle subtract --format json -o r.json -- sleep 0.4
json '.runs[0].devices[0].method' padded r.json
json '.runs[0].energy_j | fabs < 3' true r.json
json .isolated true r.json

# Intervals cover the run, and add up to no more than it.
run 0 run -d sim:h100 -I 100 -o r.json --format json -- sleep 0.55
json '.intervals | length >= 4' true r.json
json '([.intervals[].energy_j[0]] | add) <= .runs[0].devices[0].energy_j * 1.05' true r.json
run 0 run -d sim:h100 -I 100ms -- sleep 0.35
says_like '^ *[0-9.]* ms  sim:h100,realtime=1 .* W .* J$'

# CSV, OpenMetrics, JSON lines.
good run -d sim:h100 -r 2 --format csv -o r.csv -- true
check "csv rows" test "$(wc -l <r.csv)" = 5
check "csv head" grep -q '^run,device,uuid,simulated,estimated,time_s,energy_j,lo_j,hi_j' r.csv
check "csv labels simulation" grep -q '^0,"sim:h100,realtime=1",.*,true,false,' r.csv
good run -d sim:h100 --format openmetrics -o r.prom -- true
check "openmetrics" grep -q '^hg_run_energy_joules{device="sim:h100,realtime=1",uuid="[^"]*",simulated="1"' r.prom
check "openmetrics ends" test "$(tail -n 1 r.prom)" = "# EOF"
good run -d sim:h100 --format jsonl -o r.jsonl -- true
check "one line" test "$(wc -l <r.jsonl)" = 1

# Without anything that tells energy: time, the reason, and a model only when asked for.
run 0 run -- sleep 0.1
says_like '^  no energy is measured here:$'
says_like "^  'hourglass doctor' says what would enable it; --estimate gives a figure by a model$"
good run --json -o r.json -- sleep 0.1
json .total_j null r.json
json '.reason | length > 0' true r.json
json '.runs[0].total.reason' "no device tells energy" r.json
cat >busy.sh <<-'SH'
	i=0
	while [ $i -lt 20000 ]; do i=$((i + 1)); done
SH
good run --estimate --json -o r.json -- sh busy.sh
json '.estimated and .devices[0].estimated and (.simulated | not)' true r.json
json '.runs[0].devices[0].method' model r.json
json '.runs[0] | .total.lo_j < .energy_j and .energy_j < .total.hi_j' true r.json
run 0 run --estimate -- true
says_like 'ESTIMATED from processor time, not measured'

# Every process that the command starts is waited for.
good run -d sim:h100 --json -o r.json -- sh -c 'setsid sleep 0.5 >/dev/null 2>&1 &'
json '.time_s >= 0.5' true r.json

# Signals go on to the command, and the report is still written.
cat >sig.py <<-'PY'
	import signal, subprocess, sys, time
	child = subprocess.Popen(sys.argv[2:], stdout=open("out", "wb"), stderr=open("err", "wb"),
	                         preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
	time.sleep(1.5)
	child.send_signal(int(sys.argv[1]))
	sys.exit(child.wait(30))
PY
python3 sig.py 15 "$HOURGLASS" run -d sim:h100 --json -o r.json -- sh -c 'trap "exit 9" TERM; sleep 20 & wait'
check "the child's code" test $? = 9
json .exit_code 9 r.json
python3 sig.py 2 "$HOURGLASS" run -d sim:h100 -r 5 --json -o r.json -- sleep 20
check "128 + SIGINT" test $? = 130
json '.runs | length' 1 r.json

# busy before, idle then: what it draws idle is not known, and never more than all
cat >busy.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [{"power_w": [[0, 600], [2, 90]]}]}
JSON
export HOURGLASS_SCENARIO="$work/busy.json" HOURGLASS_NVML="$HG_FAKE_NVML"
run 0 run -d nvml:0 --json -o busy.out -- sleep 4
json '.runs[0].devices[0] | .idle_j == null and .energy_j > 300' true busy.out
run 0 run -d nvml:0 --idle subtract --json -o busy.out -- sleep 4
json '.runs[0].devices[0] | .energy_j == null and (.reason | test("drew more before"))' true busy.out
unset HOURGLASS_SCENARIO HOURGLASS_NVML

# Wrong usage.
bad run -d sim:h100 sleep 1
says "hourglass run: unexpected argument 'sleep': options, then --, then the command"
bad run -d sim:h100 --
says "hourglass run: there is no command after --"
bad run -d sim:h100 --knee -- true
says "hourglass run: --knee tunes a command by its steps: --steps-from says where it tells them"
bad run -d sim:h100 -w resnet50-training --knee --isolated
says "hourglass run: --isolated goes with a command after --"
run 125 run -d sim:h100 -o nowhere/r.txt -- touch ran
says 'hourglass: nowhere/r.txt: No such file or directory'
check 'found out before the command ran' [ ! -e ran ]
run 0 run -d sim:h100 -I 100ms -o live.txt -- cp live.txt seen.txt
check 'nothing of it on the command'"'"'s stream' [ ! -s err ]
run 0 run -d sim:h100 -I 50ms -o live.txt -- sh -c 'sleep 0.5; cp live.txt seen.txt'
check 'intervals come as they are' grep -q ' W ' seen.txt
check 'the report is not there before the end' sh -c '! grep -q "ended with status" seen.txt'
check 'but in the end' grep -q "ended with status 0" live.txt
bad run -d sim:h100 -I 100 --format csv -- true
says 'hourglass run: --interval: --format csv has no place for intervals: text, json and jsonl have'
bad run
says 'hourglass run: a command after -- is missing, or --device and --workload'
bad run -d sim:h100 -I 1 -- true
says "hourglass run: --interval 1: must be from 10 ms to 24 h"
bad run -d sim:h100 --raw -- true
says "hourglass run: --raw needs --format json"
bad run -d sim:h100 --isolated --idle none -- true
bad run -d sim:nothing -- true
run 125 run -d sim:h100 -o /nonexistent/r.json -- true
finish
