#!/bin/sh
# run OBJECTIVE --group FILE: ranks of one job, each with a process and a device of its own, agree by
# files.
. "$(dirname "$0")/lib.sh"
export HOURGLASS_NVML=/nonexistent HOURGLASS_FS_ROOT="$work/root"
unset RANK WORLD_SIZE OMPI_COMM_WORLD_RANK OMPI_COMM_WORLD_SIZE PMI_RANK PMI_SIZE SLURM_PROCID SLURM_NTASKS

last="run --group"
mkdir root

cat >steps.py <<-'PY'
	import os, sys, time
	fd = int(os.environ["HOURGLASS_STEPS_FD"])
	signal = sys.argv[3] if len(sys.argv) > 3 else None
	for i in range(int(sys.argv[1])):
	    time.sleep(float(sys.argv[2]))
	    try:
	        os.write(fd, b"\n")
	    except BrokenPipeError:
	        break
	    if signal and i == 10:
	        open(signal, "w").close()
PY

# rank STEPS SECONDS [SIGNAL]: options in $opts, report in r$rank.json
rank() {
	rank=$1
	shift
	# shellcheck disable=SC2086 # several options
	"$HOURGLASS" run -d "sim:h100,seed=$rank" --steps-from fd --group g --rank "$rank" \
		--json -o "r$rank.json" $opts -- python3 steps.py "$@" >"out$rank" 2>"err$rank"
}

# Two ranks with different step times choose alike, by the energies of both; they leave nothing.
opts='--min-energy --ranks 2'
rank 0 90 0.04 &
rank 1 60 0.06
wait
json '.group.ranks' 2 r0.json
for r in 0 1; do
	json ".group.rank" "$r" "r$r.json"
	json '.tried >= 2' true "r$r.json"
	json '.steps_energy_j > 1.2 * .energy_j' true "r$r.json"
	json '.restored' true "r$r.json"
done
# one may have decided once more before it heard that the other had ended
jq -c '[.settings[] | select(.measured)] | length' r0.json r1.json >measured
check "they tried about the same" test "$(jq -s '.[0] - .[1] | fabs <= 1' measured)" = true
check "no file is left" test ! -e g.0 -a ! -e g.1
check "nothing to be said" test ! -s err0 -a ! -s err1

# What an earlier run left is no rank of this one.
cat >g.1 <<-'JSON'
	{"schema": "hourglass.group/1", "rank": 1, "ranks": 2, "run": "12", "settings": "34",
	 "group": "56", "ended": false, "summaries": []}
JSON
rank 0 70 0.04 &
sleep 0.7
rank 1 50 0.04
wait
for r in 0 1; do
	json '.tried >= 2' true "r$r.json"
done
check "nothing to be said" test ! -s err0 -a ! -s err1

# A file that no rank wrote is said, and nothing is tuned by it. Whoever ends before all have been
# seen leaves no file.
# foreign MEMBER VALUE WHY
foreign() {
	cat >g.1 <<-JSON
		{"schema": "hourglass.group/1", "rank": 1, "ranks": 2, "run": "12", "settings": "34",
		 "group": "56", "ended": false, "summaries": []}
	JSON
	jq -c ".$1 = $2" g.1 >g.new && mv g.new g.1
	rank 0 30 0.04
	json ".group.lost | test(\"$3\")" true r0.json
	json .restored true r0.json
	check "it is said" grep -q "set as before: $3" err0
	check "no file is left" test ! -e g.0
	rm g.1
}
foreign run '"0x12"' 'g.1:1: .run.: expected 1 to 16 digits 0-9a-f, got .0x12.'
foreign summaries '[1, 2, 3]' 'g.1:1: .summaries.: expected at most 2 of them, got 3'

# A rank is killed: the other says so, puts back what was set, and its command goes on.
opts='--min-energy --ranks 2 --patience 1s'
"$HOURGLASS" run -d sim:h100,seed=1 --steps-from fd --group g --rank 1 --min-energy --ranks 2 \
	-- python3 steps.py 400 0.02 there >out1 2>err1 &
killed=$!
(
	for _ in $(seq 200); do
		test -e there && break
		sleep 0.05
	done
	kill -KILL "$killed"
) &
rank 0 120 0.04
wait
json '.group.lost | test("rank 1 has told nothing for 1 s")' true r0.json
json .exit_code 0 r0.json
json .restored true r0.json
check "it is said" grep -q "set as before: rank 1 has told nothing for 1 s" err0

# Ranks that do not fit together.
rm -f g.*
opts='--min-energy --ranks 2 --patience 2s'
rank 0 60 0.04 &
opts='--knee --ranks 2 --patience 2s'
rank 1 60 0.04
wait
for r in 0 1; do
	json '.group.lost | test("other settings to choose from|has ended")' true "r$r.json"
done
check "it is said" grep -q "other settings to choose from" err0 err1

# Wrong usage.
bad run --min-energy --steps-from fd --group g -- true
says "hourglass run: --group: no launcher says which rank this is and of how many: give --rank and --ranks"
bad run --min-energy --steps-from fd --rank 1 -- true
says "hourglass run: --rank goes with --group"
bad run --group g -- true
says "hourglass run: --group goes with an objective, such as --max-slowdown 10%"
export RANK=2 WORLD_SIZE=2
bad run -d sim:h100 --min-energy --steps-from fd --group g -- true
says "hourglass run: --rank 2: of 2 ranks the last one is 1"
finish
