#!/bin/sh
# record and replay: a fake GPU and a tree of kernel files in a file, and out of it again.
. "$(dirname "$0")/lib.sh"

mkdir -p root/sys/class/powercap/intel-rapl:0 root/proc/sys/kernel
echo node17 >root/proc/sys/kernel/hostname
echo 6.1.0 >root/proc/sys/kernel/osrelease
for pair in name=package-0 energy_uj=123456 max_energy_range_uj=262143328850; do
	echo "${pair#*=}" >"root/sys/class/powercap/intel-rapl:0/${pair%%=*}"
done
cat >scenario.json <<'JSON'
{"schema": "hourglass.scenario/1", "devices": [{"uuid": "GPU-77", "mig": ["MIG-78"]}]}
JSON
HOURGLASS_FS_ROOT=$work/root
HOURGLASS_NVML=${HG_FAKE_NVML:?names the fake library}
HOURGLASS_SCENARIO=$work/scenario.json
export HOURGLASS_FS_ROOT HOURGLASS_NVML HOURGLASS_SCENARIO

# For a time; nothing is said but how much was recorded.
run 0 record -o a.hgt --duration 0.35s
says_like '^hourglass record: [0-9]* samples of 3 devices in .* s: a.hgt'
check 'no .part is left' test ! -e a.hgt.part
check 'each line is JSON' sh -c 'jq -e . a.hgt >each.json'
good replay a.hgt
shows '^a.hgt: 3 devices, node17, Linux 6.1.0, hourglass '
shows '^note: nvml: 2 found'
shows '^0: Fake H100 (simulated), [0-9]* samples in '
shows '^  energy .* kJ\|^  energy .* J'
good replay --json a.hgt
json .schema hourglass.replay/1
json .complete true
json '[.devices[] | .signals[] | select(.name == "energy") | .readings > 1] | all' true
json '.devices[2].signals[0] | [.name, .first, .last, .failed]' '["energy",123456,123456,0]'
good replay --readings a.hgt
shows '^device,t0_ns,t1_ns,signal,value,unit,error$'
shows '^2,[0-9]*,[0-9]*,energy,123456,uJ,$'
good replay a.hgt --speed 50
shows '^2,[0-9]*,[0-9]*,energy,123456,uJ,$'

# The devices come back as they were: one, all, and a recording of the recording.
for device in nvml:0 nvml:MIG-78 rapl:package-0; do
	"$HOURGLASS" list --json -d $device
done | jq -s '[.[].devices[] | del(.spec, .backend, .parts, .knobs[].settable, .knobs[].unsettable,
	.knobs[].current)]' >was
good list --json -d replay:a.hgt
jq '[.devices[] | del(.spec, .backend, .parts, .knobs[].settable, .knobs[].unsettable,
	.knobs[].current)]' out >is
same_file was is
json '[.devices[].knobs[] | .unsettable | startswith("it is a recording")] | all' true
json '.devices[0].parts' '["replay:a.hgt,device=1,speed=0"]'
good list -d replay:a.hgt,device=2
shows '^replay:a.hgt,device=2: RAPL package-0'
run 0 record -o again.hgt -d replay:a.hgt --duration 0.05s --interval 10ms
jq -c 'select(.device) | del(.knobs, .spec, .backend)' a.hgt >was
jq -c 'select(.device) | del(.knobs, .spec, .backend)' again.hgt >is
same_file was is

# A command: its streams and its exit code.
"$HOURGLASS" record -o b.hgt -- sh -c 'echo hello; echo oops >&2; exit 7' >out 2>err
check 'exit 7' test $? = 7
shows '^hello$'
says_like '^oops$'
good replay --json b.hgt
json .command "sh -c echo hello; echo oops >&2; exit 7"
run 137 record -o c.hgt --json -- sh -c 'kill -9 $$'
json '[.schema, .exit_code, .devices]' '["hourglass.record/1",137,3]'
run 127 record -o d.hgt -- ./nosuch
says_like 'nosuch: No such file'
check 'nothing is left' test ! -e d.hgt.part
: >plain
run 126 record -o d.hgt -- ./plain

# Signals: Ctrl-C ends a recording, TERM goes to the command, KILL leaves what there was.
timeout --preserve-status -s INT 3 "$HOURGLASS" record -o e.hgt 2>err
check 'ends well' test $? = 0
check 'finished' test -e e.hgt
timeout --preserve-status -s TERM 3 "$HOURGLASS" record -o f.hgt -- sleep 60 2>err
check 'the command was killed' test $? = 143
check 'finished' test -e f.hgt
timeout --preserve-status -s KILL 3 "$HOURGLASS" record -o g.hgt 2>err
check 'not finished' test ! -e g.hgt
good replay --json g.hgt.part
json .complete false
json '.devices[0].samples > 0' true
run 125 record -o g.hgt --duration 1s
says_like 'g.hgt.part is there already'

# Names are taken out.
run 0 record -o h.hgt --anonymous --duration 10ms -- sh -c 'sleep 0'
for word in node17 GPU-77 MIG-78 sleep; do
	check "no $word" sh -c "! grep -q $word h.hgt"
done
good replay --json h.hgt
json .anonymous true

head -n 4 a.hgt >cut.hgt
printf '{"d": 0, "t": 5, "r": [[1' >>cut.hgt
good replay cut.hgt
shows 'cut off: up to its last whole line'
echo ']}' >>cut.hgt
bad replay cut.hgt
says_like 'cut.hgt:5: '
bad replay nosuch.hgt
says_like 'nosuch.hgt'
bad replay a.hgt --readings --json
bad list -d replay:a.hgt,device=9
says_like 'no device 9: it has 3'
HOURGLASS_FS_ROOT=$work
HOURGLASS_NVML=$work/none
bad record
says_like "no device was found; 'hourglass list' says why"
finish
