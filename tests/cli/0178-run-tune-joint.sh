#!/bin/sh
# run OBJECTIVE --joint: power limits and clocks together, on a card whose files the command itself
# plays: half of a step's kernels draw much, the others little.
. "$(dirname "$0")/lib.sh"
export HOURGLASS_NVML=/nonexistent HOURGLASS_FS_ROOT="$work/root"
last="run --joint"

cat >card.json <<-'JSON'
	{"schema": "hourglass.scenario/1", "devices": [{"vendor": "amd", "name": "Card"}]}
JSON
fresh() {
	rm -rf root caps
	"$HG_FAKE_SYSFS" --scenario card.json root || exit 1
	card=root/sys/class/drm/card0/device
	# power is read where there is no counter
	rm -f $card/gpu_metrics
	hwmon=$(echo $card/hwmon/hwmon*)
	before=$(cat "$hwmon/power1_cap")
	printf '0: 1000Mhz\n1: 1200Mhz\n2: 1400Mhz\n3: 1600Mhz\n4: 1800Mhz\n5: 2000Mhz *\n' \
		>$card/pp_dpm_sclk
	echo auto >$card/power_dpm_force_performance_level
}
restored() {
	test "$(cat "$hwmon/power1_cap")" = "$before" &&
		test "$(cat $card/power_dpm_force_performance_level)" = auto
}

cat >work.py <<-'PY'
	import os, sys, time
	card, hwmon, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
	fd = int(os.environ["HOURGLASS_STEPS_FD"])
	def text(path):
	    got = ""
	    while not got:  # it may just be written
	        got = open(path).read().strip()
	    return got
	def kernel(x, cap, watts):
	    while x > 0.2 and 60 + (40 + watts) * x ** 2.4 > cap:
	        x -= 0.005
	    return 0.01 / x, 60 + (40 + watts) * x ** 2.4
	last, level = None, 5
	for i in range(steps):
	    cap = int(text(hwmon + "/power1_cap")) / 1e6
	    asked = text(card + "/pp_dpm_sclk")
	    if ":" not in asked:  # levels are written, and read as a list
	        level = int(asked.split()[-1])
	        with open(card + "/pp_dpm_sclk", "w") as f:
	            for k in range(6):
	                f.write("%d: %dMhz%s\n" % (k, 1000 + 200 * k, " *" if k == level else ""))
	    manual = text(card + "/power_dpm_force_performance_level") == "manual"
	    x = 0.5 + 0.1 * level if manual else 1.0
	    parts = [kernel(x, cap, w) for w in (560, 200)]
	    seconds = sum(t for t, p in parts)
	    if (cap, x) != last:
	        with open(hwmon + "/power1_average", "w") as f:
	            f.write("%d\n" % (1e6 * sum(t * p for t, p in parts) / seconds))
	        last = cap, x
	        with open("caps", "a") as f:
	            f.write("%d %.1f\n" % last)
	    time.sleep(seconds)
	    os.write(fd, b"\n")
PY

# Few of all pairs are tried, some of them with both knobs; both are back.
fresh
run 0 run --max-slowdown 20% --joint --knob power_limit=250W:700W:50W \
	--knob sm_clock=1GHz,1.2GHz,1.4GHz,1.6GHz,1.8GHz --steps-from fd --json -o r.json \
	--job mine --memory m.json -- python3 work.py $card "$hwmon" 400
check "nothing to be said" test ! -s err
json '.settings | length' 60 r.json
# a busy machine is no steady device, so that many more may be tried than where it is idle
json '.tried >= 3 and .tried < 50' true r.json
json '.energy_saving > 0.05' true r.json
json '[.settings[] | .setting | select(.power_limit_w < 700 and .sm_clock_mhz != null)] | length' 45 r.json
json '[.restored, .stuck]' '[true,[]]' r.json
check "both are back" restored
json '.jobs[0].knobs | map(.name)' '["power_limit_w","sm_clock_mhz"]' m.json

# What was learnt of both is begun with, and so it is by who tunes one at a time.
for how in --joint ''; do
	fresh
	# shellcheck disable=SC2086 # none or one
	run 0 run --max-slowdown 20% $how --steps-from fd --json -o r.json --job mine \
		--knob power_limit=250W:700W:50W --knob sm_clock=1GHz,1.2GHz,1.4GHz,1.6GHz,1.8GHz \
		--memory m.json -- python3 work.py $card "$hwmon" 40
	json .recalled true r.json
	check "both are back" restored
done

# More pairs than are worth a look: said.
fresh
run 0 run --min-energy --joint --knob power_limit=250W:700W:10W \
	--knob sm_clock=1GHz,1.2GHz,1.4GHz,1.6GHz,1.8GHz --steps-from fd --json -o r.json -- \
	python3 work.py $card "$hwmon" 3
says_like '^hourglass run: --joint: [0-9]* of 276 settings are there to choose from$'
json '.settings | length <= 64' true r.json

# Killed while both are set: another process puts both back.
cat >kill.py <<-'PY'
	import os, subprocess, sys, time
	card, hwmon = sys.argv[1], sys.argv[2]
	child = subprocess.Popen(sys.argv[3:], stdout=open("out", "wb"), stderr=open("err", "wb"))
	before = open(hwmon + "/power1_cap").read()
	for i in range(2000):
	    time.sleep(0.005)
	    locked = "3: 1600Mhz *" in open(card + "/pp_dpm_sclk").read()
	    if locked and open(hwmon + "/power1_cap").read() not in ("", before):
	        open("both", "w").close()
	        break
	child.kill()
	child.wait(30)
PY
fresh
# the only limit and the only clock besides what is set: both together are soon tried
python3 kill.py $card "$hwmon" "$HOURGLASS" run --min-energy --joint --knob power_limit=500W,700W \
	--knob sm_clock=1.6GHz --steps-from fd -- python3 work.py $card "$hwmon" 400
check "both had been set" test -e both
for _ in 1 2 3 4 5 6 7 8 9 10; do
	restored && break
	sleep 0.5
done
check "both are back after SIGKILL: $(head -n 2 err)" restored

# A knob that nobody may set is named, and the other one is tuned.
export HOURGLASS_NVML="${HG_FAKE_NVML:?names the fake library}"
rm -rf root
mkdir root
steady_steps
# refuses CALL KNOB OTHER
refuses() {
	cat >nvml.json <<-JSON
		{"schema": "hourglass.scenario/1",
		 "devices": [{"model": "h100-sxm", "workload": "llm-prefill"}],
		 "rules": [{"call": "$1", "result": 4}]}
	JSON
	HOURGLASS_SCENARIO=$work/nvml.json run 0 run --min-energy --joint --steps-from fd --json \
		-o r.json -- sh steps.sh 80
	says_like "a setting was refused: nvml:0: $2 cannot be set: not permitted"
	json '[.stuck, .restored]' "[[\"$2\"],true]" r.json
	json ".chosen.$3 != .before.$3 and .tried >= 2 and .energy_saving > 0.05" true r.json
}
refuses nvmlDeviceSetPowerManagementLimit power_limit sm_clock_mhz
refuses nvmlDeviceSetGpuLockedClocks sm_clock power_limit_w

# Where one rank of a group has no clock to set, all hear of it.
cat >all.json <<-'JSON'
	{"schema": "hourglass.scenario/1", "devices": [{"model": "h100-sxm", "workload": "llm-prefill"}]}
JSON
for rank in 0 1; do
	HOURGLASS_SCENARIO=$work/$(test $rank = 0 && echo all || echo nvml).json \
		"$HOURGLASS" run --min-energy --joint --steps-from fd --json -o r$rank.json --group g \
		--rank $rank --ranks 2 -- sh steps.sh 110 2>err$rank &
done
wait
last="run --joint --group"
json '.stuck' '[]' r0.json
json '.stuck' '["sm_clock"]' r1.json
for rank in 0 1; do
	json '.chosen.sm_clock_mhz' null r$rank.json
	json '.chosen.power_limit_w < 700 and .refused > 20 and .restored' true r$rank.json
	json '.group.lost // "" | test("has ended|^$")' true r$rank.json
done
finish
