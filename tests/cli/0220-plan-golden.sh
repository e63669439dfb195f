#!/bin/sh
# The measured profiles of GPT-3 175B on A100 and A40: exact frontiers against published figures.
# shellcheck disable=SC2016 # filters of jq
. "$(dirname "$0")/lib.sh"
folder=$HG_TEST_DATA/pipeline/stage_profile
[ -d "$folder" ] || skip "no $folder"

# gpu watts M T_min T_max T_star E(T_min) E(T_star) E(T_max) E(all at the highest clock) pieces
while read -r gpu watts m t_min t_max t_star e_min e_star e_max fastest pieces; do
	good plan pipeline --profile "$folder/gpt3-175b+${gpu}_bf16.csv" --schedule 1f1b \
		--microbatches "$m" --static-power "$watts" --json -o "$gpu-$m.plans"
	json "[(.t_min_s - $t_min), (.t_max_s - $t_max), (.t_star_s - $t_star)
		| . < 1e-6 and . > -1e-6] | all" true
	json "[(.frontier[0].energy_j - $e_min), (.frontier[-1].energy_j - $e_max),
		(.t_star_s as \$t | .frontier | map(select(.time_s <= \$t + 1e-7))[-1].energy_j - $e_star),
		(.all_fastest_j - $fastest) | . < 2e-3 and . > -2e-3] | all" true
	json .pieces "$pieces"
done <<'TABLE'
a100_sxm 83.64 12 2.836510754 4.244163895 3.274308693 6160.417 5591.534 6050.534 7338.997 536
a100_sxm 83.64 24 4.671213386 6.989582059 5.479127013 11926.385 10430.504 11098.228 14007.665 619
a100_sxm 83.64 48 8.340618650 12.480418387 9.888763653 23468.867 20108.443 21193.614 27345.000 621
a100_sxm 83.64 96 15.679429178 23.462091043 18.708036933 46553.849 39464.321 41384.388 54019.669 621
a40 70.38 12 7.546349691 9.128086270 8.261405593 10982.879 9901.913 10237.549 12573.206 370
a40 70.38 24 12.365782623 14.974279030 13.641351733 20946.149 18109.750 18627.261 23611.050 384
a40 70.38 48 22.004648487 26.666664550 24.401244013 40872.688 34525.424 35406.684 45686.736 384
a40 70.38 96 41.282380215 50.051435590 45.921028573 80725.766 67356.772 68965.531 89838.109 384
TABLE

# T_min of other schedules: B and W half of the backward each, chunks half a stage
while read -r schedule m t_min; do
	good plan pipeline --profile "$folder/gpt3-175b+a100_sxm_bf16.csv" --schedule "$schedule" \
		--microbatches "$m" --static-power 83.64 --json
	json "(.t_min_s - $t_min) | . < 1e-3 and . > -1e-3" true
done <<'TABLE'
zb-h1 24 4.021
interleaved:2 24 4.170
zb-h1 48 7.690
interleaved:2 48 7.840
TABLE

# a plan, close to its bound and true; beyond the lone optimum with a straggler
csv=$folder/gpt3-175b+a100_sxm_bf16.csv
good plan at a100_sxm-24.plans --slowdown 0 --iterations 3000 --json -o plan.csv
json '.gap < 0.005 and .saving > 0.14' true
good plan check a100_sxm-24.plans plan.csv --profile "$csv"
good plan at a100_sxm-24.plans --straggler 1.4 --iterations 1000 --json
json "(.time_s > 5.8) and (.gap < 0.005)" true

# measured stages that are all different, and measured only partly
for csv in "$HG_TEST_DATA"/pipeline/real_runs/*.csv; do
	m=$(expr "$csv" : '.*_nmb\([0-9]*\)')
	good plan pipeline --profile "$csv" --schedule 1f1b --microbatches "$m" \
		--static-power 75 --json -o real.plans
	good plan at real.plans --slowdown 1% --iterations 100 --json -o real.csv
	json '.gap >= 0 and .gap < 0.03' true
	good plan check real.plans real.csv --profile "$csv"
done
finish
