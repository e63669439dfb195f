#!/bin/sh
# plan pipeline, at, check, show, straggle: golden figures of a measured profile, and what is wrong.
# shellcheck disable=SC2016,SC2086 # filters of jq; $solve is several words
. "$(dirname "$0")/lib.sh"

# near FILTER WANT TOLERANCE [FILE]: relative
near() {
	checks=$((checks + 1))
	value=$(jq -r "($1) as \$x | ((\$x - ($2)) / ($2)) | if . < 0 then -. else . end | . <= $3" \
		"${4:-$work/out}" 2>&1)
	[ "$value" = true ] || fail "$last: $1 is $(jq -c "$1" "${4:-$work/out}"), expected $2"
}

profile 4 >p.csv
solve="plan pipeline --profile p.csv --static-power 80"

# pipeline
good $solve --schedule 1f1b --microbatches 8 -o job.plans --json
json .schema hourglass.plan-pipeline/1
json '.pieces == (.frontier | length) - 1' true
json '.t_min_s <= .t_star_s and .t_star_s <= .t_max_s' true
json '[.frontier | .[1:][].time_s, .[:-1][].time_s] | length > 2' true
json '[.frontier as $f | range(1; $f | length) | $f[.].time_s > $f[. - 1].time_s] | all' true
json '[.frontier as $f | range(1; $f | length) | $f[.].slope_w > $f[. - 1].slope_w] | all' true
json '.frontier[-1].slope_w' 320
json '[.frontier as $f | range(1; $f | length)
	| $f[. - 1].energy_j + $f[. - 1].slope_w * ($f[.].time_s - $f[. - 1].time_s) - $f[.].energy_j
	| . < 1e-6 and . > -1e-6] | all' true
json .schema hourglass.plans/1 job.plans
json '.frontier | length > 3' true job.plans
good $solve --schedule 1f1b --microbatches 8 -o job.plans
shows '^1f1b, 4 ranks, 4 stages, 8 microbatches: [0-9]* pieces'

# the same frontier from a schedule file, and with more devices
cat >order.csv <<'CSV'
# hourglass.schedule/1
0F0,0F1,0F2,0F3,0B0,0F4,0B1,0F5,0B2,0F6,0B3,0F7,0B4,0B5,0B6,0B7
1F0,1F1,1F2,1B0,1F3,1B1,1F4,1B2,1F5,1B3,1F6,1B4,1F7,1B5,1B6,1B7
2F0,2F1,2B0,2F2,2B1,2F3,2B2,2F4,2B3,2F5,2B4,2F6,2B5,2F7,2B6,2B7
3F0,3B0,3F1,3B1,3F2,3B2,3F3,3B3,3F4,3B4,3F5,3B5,3F6,3B6,3F7,3B7
CSV
good $solve --schedule order.csv -o file.plans --json
check "a file is the schedule it describes" test "$(jq -c .frontier file.plans)" = \
	"$(jq -c .frontier job.plans)"
good $solve --schedule 1f1b --microbatches 8 --tensor-parallel 2 --data-parallel 3 --json
near '.frontier[0].energy_j' "6 * $(jq .frontier[0].energy_j job.plans)" 1e-9
json '.frontier[-1].slope_w' 1920

# every schedule solves, and its plans are true
for schedule in gpipe 1f1b early-recompute interleaved:2 zb-h1 dualpipe; do
	good $solve --schedule "$schedule" --microbatches 8 -o s.plans
	good plan at s.plans --slowdown 2% --iterations 500 -o s.csv --json
	json '.time_s <= .deadline_s and .energy_j >= .bound_j * 0.999999999' true
	good plan check s.plans s.csv --profile p.csv
done
good $solve --schedule 1f1b --microbatches 8 --transfer 5ms --step-time 20ms -o s.plans
good plan at s.plans --slowdown 1% --iterations 100 -o s.csv
check "constant work has rows" test "$(grep -c ',step,' s.csv)" = 4
good plan check s.plans s.csv --profile p.csv
good $solve --schedule 1f1b --microbatches 1 --json
good plan pipeline --profile p.csv --static-power 80,81,82,83 --schedule gpipe --microbatches 2 --json
json '.frontier[-1].slope_w' 326
profile 1 >one.csv
good plan pipeline --profile one.csv --static-power 0 --schedule 1f1b --microbatches 3 --json

# a plan of very many operations needs no effort to be in time and close to the bound
good $solve --schedule 1f1b --microbatches 2000 -o many.plans
good plan at many.plans --slowdown 1% --effort 0 -o many.csv --json
json '.gap < 0.01 and .time_s <= .deadline_s' true
good plan check many.plans many.csv --profile p.csv

# many microbatches are extended from few, to the same figures
good $solve --schedule 1f1b --microbatches 200 --json
json .extrapolated true
cp out extended
good $solve --schedule 1f1b --microbatches 200 --direct --json
json .extrapolated false
for figure in .t_min_s .t_star_s .t_max_s .all_fastest_j '.frontier[0].energy_j' \
	'.frontier[5].time_s' '.frontier[-1].energy_j'; do
	near "$figure" "$(jq "$figure" extended)" 1e-8
done
json .pieces "$(jq .pieces extended)"
good $solve --schedule 1f1b --microbatches 200 --threads 2 -o two.plans
good $solve --schedule 1f1b --microbatches 200 -o one.plans
check "threads change nothing" test "$(jq -c 'del(.solve_s)' one.plans)" = \
	"$(jq -c 'del(.solve_s)' two.plans)"
good plan at one.plans --slowdown 1% --effort 0 --json
json '.gap < 0.05 and .energy_j >= .bound_j' true

# what is useful alone is where all begins
good $solve --schedule 1f1b --microbatches 8 --range useful --json
check "useful is the fast part" test "$(jq -c .frontier out)" = \
	"$(jq -c --argjson n "$(jq '.frontier | length' out)" '.frontier[:$n]' job.plans)"
json '.frontier | length > 1' true
json '.frontier[-1].time_s == .t_star_s' true

# rounded slopes: extended from states, with a gap that is known, and true
for schedule in gpipe 1f1b early-recompute interleaved:2 zb-h1; do
	good $solve --schedule "$schedule" --microbatches 64 --quantum 4 -o q.plans --json
	json '[.extrapolated, .quantum_w, .gap > 0 and .gap < 0.005]' '[true,4,true]'
	good plan at q.plans --slowdown 2% --effort 0 -o q.csv --json
	json '.energy_j >= .bound_j' true
	good plan check q.plans q.csv --profile p.csv
done
good $solve --schedule 1f1b --microbatches 64 --json
json '[.quantum_w, .gap]' '[0,0]'

# at
good plan at job.plans --slowdown 0 --iterations 200 --json -o plan.csv
json .schema hourglass.plan-at/1
near .time_s "$(jq .t_min_s job.plans)" 1e-6
json '.saving > 0 and .gap >= 0 and .switches > 0' true
check "a row an operation" test "$(wc -l <plan.csv)" = 65
check "its columns" test "$(head -n 1 plan.csv)" = \
	"stage,microbatch,instruction,chunk,setting,start_s,duration_s,energy_j"
good plan at job.plans --slowdown 2% --iterations 800 --most-switches 20 --json -o few.csv --proof few.proof
json '.switches <= 20 and .switch_energy_j == 0' true
json '.switch_bound_j > .bound_j and .switch_bound_j <= .energy_j and .switch_price_j > 0' true
good plan check job.plans few.csv --profile p.csv --proof few.proof
for change in '.switch_bound_j *= 1.0001' '.switch_price_j *= 2' '.most_switches -= 1'; do
	jq "$change" few.proof >bad.proof
	run 1 plan check job.plans few.csv --profile p.csv --proof bad.proof --json
	json '[.claims[]? // .findings[]? | select(.holds == false) | .what] | index("proof: switch bound") != null' true
done
good plan at job.plans --slowdown 0 --iterations 200 -o again.csv
same_file plan.csv again.csv
good plan at job.plans --straggler 1.3 --iterations 200 --json
near .charged_s "1.3 * $(jq .t_min_s job.plans)" 1e-9
json '.time_s <= .charged_s' true
good plan at job.plans --slowdown 0.1% --effort 0 --json
near .deadline_s "1.001 * $(jq .t_min_s job.plans)" 1e-9
for class in ramp stage; do
	good plan at job.plans --slowdown 10% --class $class --iterations 200 --json
	json '.class_bound_j >= .bound_j * 0.999999 and .energy_j >= .bound_j' true
	json .class_bound_exact true
done
run 3 plan at job.plans --time 0.1
one_line
says_like 'is below the least time of [0-9.]* s'
# the least time is the least, to the nanosecond
run 3 plan at job.plans --time "$(jq '.t_min_s - 2e-9' job.plans)" --effort 0
says_like "is below the least time of 1[.]77 s"
good plan at job.plans --time "$(jq .t_min_s job.plans)" --effort 0
bad plan at job.plans
says "hourglass plan at: give one of --time, --slowdown, --straggler"
bad plan at job.plans --time 3 --slowdown 1%

# check: whatever is changed is found
good plan check job.plans plan.csv --profile p.csv
good plan check job.plans plan.csv --profile p.csv --json
json '[.holds, (.claims | map(.holds) | all)]' '[true,true]'
broken() {
	run 1 plan check "${2:-job.plans}" "${1:-plan.csv}" --profile "${3:-p.csv}" --json
	json .holds false
}
awk -F, -v OFS=, 'NR == 9 { $8 *= 0.9 } 1' plan.csv >bad.csv && broken bad.csv
awk -F, -v OFS=, 'NR == 9 { $7 *= 0.9 } 1' plan.csv >bad.csv && broken bad.csv
awk -F, -v OFS=, 'NR == 20 { $6 -= 0.01 } 1' plan.csv >bad.csv && broken bad.csv
awk -F, -v OFS=, 'NR == 9 { $5 = 1234 } 1' plan.csv >bad.csv && broken bad.csv
awk -F, -v OFS=, 'NR == 9 { $2 = 7 } 1' plan.csv >bad.csv && broken bad.csv
sed 12d plan.csv >bad.csv && broken bad.csv
jq '.frontier[].energy_j *= 0.99' job.plans >bad.plans && broken plan.csv bad.plans
jq '.frontier[2].slope_w += 5' job.plans >bad.plans && broken plan.csv bad.plans
jq '.t_min_s *= 0.99' job.plans >bad.plans && broken plan.csv bad.plans
jq '.t_star_s *= 1.01' job.plans >bad.plans && broken plan.csv bad.plans
awk -F, -v OFS=, 'NR == 2 { $5 *= 1.01 } 1' p.csv >other.csv && broken plan.csv job.plans other.csv
jq '.frontier[-1].energy_j *= 1.01' job.plans >bad.plans && broken plan.csv bad.plans
jq '.all_fastest_j *= 0.999' job.plans >bad.plans && broken plan.csv bad.plans
jq '.t_max_s *= 1.001' job.plans >bad.plans && broken plan.csv bad.plans
run 1 plan check job.plans bad.csv --profile p.csv
shows '^FALSE  operations: '
bad plan check job.plans plan.csv
says "hourglass plan check: --profile is missing"
bad plan check job.plans p.csv --profile p.csv
says "hourglass: p.csv:1: column microbatch: expected in the header, found none of that name"

# its flows prove the frontier without the solver; whatever is changed of one is found
json '.witnesses | [.coding, (.flows | length > 5)]' '["runs/1",true]' job.plans
good plan check job.plans plan.csv --profile p.csv --json
json '.proved_within < 1e-4 and .tight_bound_j >= .bound_j and .gap >= 0' true
for change in '.nodes[1] += 1' '.edges[1] += 1' '.nodes[0] += 1' '.edges[0] -= 1' '.flow_uw += 1' \
	'.energy_j *= 1.00001' '.time_s *= 1.01' '.nodes |= .[2:]' '.edges += [1, 0]' \
	'.nodes[1] = 9007199254740992' '.edges[1] = 9007199254740992'; do
	jq ".witnesses.flows[3] |= ($change)" job.plans >bad.plans && broken plan.csv bad.plans
	json '[.claims[] | select(.holds | not) | .what] | any(. == "flows")' true
done
jq '.frontier[1:-1][].energy_j *= 1.002' job.plans >bad.plans && broken plan.csv bad.plans
jq '.witnesses.flows |= .[:1]' job.plans >bad.plans && broken plan.csv bad.plans
jq 'del(.witnesses)' job.plans >old.plans
good plan check old.plans plan.csv --profile p.csv
shows 'the file holds no flows: they were solved for again'
jq '.frontier[].energy_j *= 0.99 | del(.witnesses)' job.plans >bad.plans && broken plan.csv bad.plans
jq '.witnesses.coding = "runs/2"' job.plans >bad.plans
bad plan check bad.plans plan.csv --profile p.csv
says_like 'witnesses: coding "runs/2" is not known, expected runs/1'
jq '.witnesses.flows[0].nodes |= .[1:]' job.plans >bad.plans
bad plan check bad.plans plan.csv --profile p.csv
jq '.witnesses.flows[0].nodes[1] = -1' job.plans >bad.plans
bad plan check bad.plans plan.csv --profile p.csv
says_like 'nodes: expected a whole number from 0 to'
good plan at one.plans --slowdown 0 --effort 0 -o long.csv --json
json '.gap >= 0 and .gap < 0.05' true
good plan check one.plans long.csv --profile p.csv --json
json '.holds and .proved_within < 1e-4' true
check "flows do not grow with the microbatches" test \
	"$(jq '[.witnesses.flows[].edges | length] | add' one.plans)" -lt \
	"$(jq '10 * ([.witnesses.flows[].edges | length] | add)' job.plans)"

# the proof of a plan: its claims, by a flow for exactly its time
good plan at job.plans --slowdown 1% --iterations 200 -o s.csv --proof s.proof --json
cp out at.json
json .schema hourglass.plan-proof/1 s.proof
good plan check job.plans s.csv --profile p.csv --proof s.proof --json
near .bound_j "$(jq .bound_j at.json)" 1e-9
near .tight_bound_j "$(jq .tight_bound_j at.json)" 1e-9
near .energy_j "$(jq .energy_j at.json)" 1e-9
for change in '.time_s *= 0.999999' '.energy_j *= 0.999999' '.bound_j *= 1.000001' \
	'.tight_bound_j *= 1.000001' '.switches += 1' '.flow.nodes[1] += 5' '.flow.flow_uw += 1' \
	'.charged_s *= 0.9'; do
	jq "$change" s.proof >bad.proof
	run 1 plan check job.plans s.csv --profile p.csv --proof bad.proof --json
	json .holds false
done
good plan at job.plans --straggler 1.2 --iterations 200 -o s.csv --proof s.proof
good plan check job.plans s.csv --profile p.csv --proof s.proof
good plan at job.plans --slowdown 2% --switch-cost 0.5 --switch-latency 4ms --iterations 200 \
	-o s.csv --proof s.proof
good plan check job.plans s.csv --profile p.csv --proof s.proof
awk -F, -v OFS=, 'NR == 9 { $8 *= 1.02 } 1' s.csv >bad.csv
run 1 plan check job.plans bad.csv --profile p.csv --proof s.proof
jq '.schema = "hourglass.plan-proof/2"' s.proof >bad.proof
bad plan check job.plans s.csv --profile p.csv --proof bad.proof
says_like 'hourglass.plan-proof/2'
for schedule in interleaved:2 zb-h1; do # constant work, copies, figures of each rank
	good plan pipeline --profile p.csv --static-power 80,90,100,110 --schedule $schedule \
		--microbatches 8 --step-time 20ms --transfer 1ms --data-parallel 2 \
		--tensor-parallel 2 -o s.plans
	good plan at s.plans --slowdown 3% --iterations 200 -o s.csv --proof s.proof
	good plan check s.plans s.csv --profile p.csv --proof s.proof
	awk -F, -v OFS=, '/,step,/ { $8 *= 1.5 } 1' s.csv >bad.csv
	run 1 plan check s.plans bad.csv --profile p.csv --json
	json .holds false
done
good $solve --schedule 1f1b --microbatches 8 --quantum 20 -o s.plans
good plan at s.plans --slowdown 1% --iterations 200 -o s.csv --proof s.proof
good plan check s.plans s.csv --profile p.csv --proof s.proof
good $solve --schedule 1f1b --microbatches 8 --range useful -o s.plans
good plan at s.plans --slowdown 1% --iterations 200 -o s.csv --proof s.proof
good plan check s.plans s.csv --profile p.csv --proof s.proof
sed 's/,[0-9.]*,\([0-9.]*\)$/,0.05,\1/; 1s/.*/stage,instruction,frequency,time,energy/' p.csv >flat.csv
good plan pipeline --profile flat.csv --static-power 80 --schedule 1f1b --microbatches 8 -o s.plans
good plan at s.plans --slowdown 1% --iterations 20 -o s.csv --proof s.proof
good plan check s.plans s.csv --profile flat.csv --proof s.proof

# show
good plan show job.plans -o job.html
shows '^job.html: page of [0-9]* plans$'
check "a page that needs nothing else" sh -c \
	'! sed "s,http://www.w3.org/2000/svg,," job.html | grep -qE "src=|href=|http"'
check "its data is JSON" sh -c \
	'sed -n "/id=\"data\"/,/<\/script>/p" job.html | sed "1d;\$d" >t0 && jq -e "(.plans | length) > 5" t0'
check "it says that its joules are computed" grep -q 'energy of one iteration, computed' job.html
check "so does what is saved from it" sh -c 'jq -e ".note | test(\"^Computed from the profile p.csv\")" t0'
check "plans by rising time, with their changes of setting" sh -c \
	'jq -e "(.plans | map(.time_s) | . == sort) and (.plans | all(.switches >= 0))" t0'
good plan show plan.csv -o plan.html --json
check "a plan alone has no slider" sh -c '! grep -q "id=\"time\"" plan.html && grep -q computed plan.html'
json .schema hourglass.written/1
bad plan show order.csv -o x.html

# straggle
good plan straggle job.plans --stragglers 4 --run-iterations 2000 --json
json '[.schema, .simulated]' '["hourglass.straggle/1",true]'
json '[.policies[].policy]' '["none","lookup","reaction","oracle"]'
json '.policies | (.[0].energy_j >= .[2].energy_j) and (.[2].energy_j >= .[3].energy_j)' true
json '.policies[2].changes > 0' true
cp out first
good plan straggle job.plans --stragglers 4 --run-iterations 2000 --json
same_file out first
good plan straggle job.plans --stragglers 0 --run-iterations 10
shows '(simulated'

# what is wrong
bad plan pipeline --schedule 1f1b --microbatches 8 --static-power 80
says "hourglass plan pipeline: --profile is missing"
bad $solve --schedule 1f1b
says "hourglass plan pipeline: --microbatches is missing"
bad $solve --schedule interleaved --microbatches 8
bad $solve --schedule interleaved:x --microbatches 8
bad $solve --schedule 2f2b --microbatches 8
says_like "expected gpipe, 1f1b, early-recompute"
bad $solve --schedule order.csv --microbatches 9
says "hourglass plan pipeline: --microbatches: the schedule file has 8, not 9"
bad plan pipeline --profile p.csv --static-power 80,x --schedule 1f1b --microbatches 8
bad plan pipeline --profile p.csv --static-power 80,80 --schedule 1f1b --microbatches 8
says "hourglass: static power: expected one figure, or one for each of 4 ranks, found 2"
sed 's/^1,/7,/' p.csv >gap.csv
bad plan pipeline --profile gap.csv --static-power 80 --schedule 1f1b --microbatches 8
says_like 'expected stages from 0 without a gap'
sed '2p' p.csv >twice.csv
bad plan pipeline --profile twice.csv --static-power 80 --schedule 1f1b --microbatches 8
says "hourglass: twice.csv:3: stage 0 forward: frequency 1400 listed twice, first in line 2"
jq '.schema = "hourglass.plans/9"' job.plans >bad.plans
bad plan at bad.plans --slowdown 0
says_like 'hourglass.plans/9'
jq 'del(.schedule)' job.plans >bad.plans
bad plan at bad.plans --slowdown 0
jq '.frontier = []' job.plans >bad.plans
bad plan at bad.plans --slowdown 0

# hostile input: an error that names it, or the right answer
for slowdown in -1% 0.99x; do
	bad plan at job.plans --slowdown $slowdown
	says "hourglass plan at: --slowdown $slowdown: expected no less than none"
done
for m in 0 -1 1.5 99999999999 x; do
	bad $solve --schedule 1f1b --microbatches $m
done
bad $solve --schedule 1f1b --microbatches 4 --tensor-parallel 65536 --data-parallel 1048576
says "hourglass: pipeline: expected at most 1.04858e+06 devices a rank with its copies, found 6.87195e+10"
for watts in -5 nan inf 1e300 '80,' ''; do
	bad plan pipeline --profile p.csv --static-power "$watts" --schedule 1f1b --microbatches 4
done
: >empty
echo stage,instruction,frequency,time,energy >head.csv
for file in empty head.csv . none; do
	bad plan pipeline --profile $file --static-power 80 --schedule 1f1b --microbatches 4
	one_line
	bad plan at $file --slowdown 1%
	bad plan check $file plan.csv --profile p.csv
	bad plan check job.plans $file --profile p.csv
	bad plan check job.plans plan.csv --profile $file
	bad plan check job.plans plan.csv --profile p.csv --proof $file
	bad plan show $file -o x.html
	bad $solve --schedule $file
done
for figure in nan inf -1 1e400 '' x; do
	awk -F, -v OFS=, -v v="$figure" 'NR == 3 { $4 = v } 1' p.csv >bad.csv
	bad plan pipeline --profile bad.csv --static-power 80 --schedule 1f1b --microbatches 4
	says_like 'bad.csv:3: column time: expected a number > 0'
	awk -F, -v OFS=, -v v="$figure" 'NR == 3 { $5 = v } 1' p.csv >bad.csv
	bad plan pipeline --profile bad.csv --static-power 80 --schedule 1f1b --microbatches 4
	says_like 'bad.csv:3: column energy: expected a number >= 0'
done
grep -v '^2,backward' p.csv >bad.csv
bad plan pipeline --profile bad.csv --static-power 80 --schedule 1f1b --microbatches 4
says "hourglass: profile: stage 2: expected options of instruction backward, found none"
sed 's/$/\r/' p.csv >crlf.csv
good plan pipeline --profile crlf.csv --static-power 80 --schedule 1f1b --microbatches 8 --json
check "CRLF changes nothing" test "$(jq -c .frontier out)" = "$(jq -c .frontier job.plans)"
awk 'NR == 1 || $0 !~ /^1,forward,(900|1100|1300)/' p.csv >part.csv # measured only partly
awk -F, -v OFS=, '/^2,/ && NR % 3 == 0 { $5 *= 1.5 } 1' part.csv >odd.csv # no curve
for class in op ramp stage; do
	good plan pipeline --profile odd.csv --static-power 80 --schedule 1f1b --microbatches 6 \
		--class $class -o s.plans
	good plan at s.plans --slowdown 5% --iterations 100 -o s.csv --proof s.proof
	good plan check s.plans s.csv --profile odd.csv --proof s.proof
done
for m in 1 2; do # one stage, one microbatch
	good plan pipeline --profile one.csv --static-power 80 --schedule 1f1b --microbatches $m -o s.plans
	good plan at s.plans --slowdown 0 --iterations 10 -o s.csv --proof s.proof
	good plan check s.plans s.csv --profile one.csv --proof s.proof
done
for cells in '0F0,0B0,0F0' '0B0,0F0' '0F0' '0F0,0B0,9F0,9B0' 'xyz'; do
	echo "$cells" >bad.sched
	bad plan pipeline --profile one.csv --static-power 80 --schedule bad.sched
	one_line
done
printf '0F0,0B0,0F1,0B1\n1F1,1B1,1F0,1B0\n' >bad.sched # ranks wait for each other
sed '/^[23],/d' p.csv >two.csv
bad plan pipeline --profile two.csv --static-power 80 --schedule bad.sched
one_line
finish
