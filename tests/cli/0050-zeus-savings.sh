#!/bin/sh
# Zeus's tables: batch size and power limit chosen together, and each alone, against its baseline
# (the job's default batch size at the highest limit). Energy to accuracy is energy per epoch times
# the mean number of epochs of a batch size, over batch sizes all of whose runs reach the target.
. "$(dirname "$0")/lib.sh"
zeus=${HG_TEST_DATA:-}/zeus
[ -f "$zeus/summary_power_v100.csv" ] || skip "no $zeus/summary_power_v100.csv"

# epochs DATASET NETWORK OPTIMIZER TARGET MOST: lines "batch_size mean_epochs"
epochs() {
	awk -F, -v dataset="$1" -v network="$2" -v optimizer="$3" -v target="$4" -v most="$5" '
		$1 == dataset && $2 == network && $4 == optimizer && $7 + 0 == target + 0 {
			runs[$3]++
			sum[$3] += $8
			if ($8 == "nan" || $8 > most + 0) missed[$3] = 1
		}
		END { for (b in runs) if (!missed[b]) print b, sum[b] / runs[b] }' \
		"$zeus/summary_train.csv"
}

# to_accuracy FILE BATCH EPOCHS JOB...: frontier over limits of one batch size, to accuracy
to_accuracy() {
	good frontier import --format csv "$zeus/summary_power_v100.csv" --time time_per_epoch \
		--power average_power --knob batch_size --knob power_limit=power_limit_w:W \
		--where "dataset=$4,network=$5,optimizer=$6,batch_size=$2" -o epoch.json
	good frontier scale epoch.json --factor "$3" -o "$1"
}

energy_of() {
	jq -r .energy_j "$1"
}

while read -r dataset network optimizer target most base joint limit; do
	rm -f b-*.json
	epochs "$dataset" "$network" "$optimizer" "$target" "$most" >batches
	check "$dataset: batch sizes" test -s batches
	while read -r batch n; do
		grep -q "^$dataset,$network,$batch,$optimizer," "$zeus/summary_power_v100.csv" || continue
		to_accuracy "b-$batch.json" "$batch" "$n" "$dataset" "$network" "$optimizer"
	done <batches
	good frontier merge b-*.json -o all.json
	good frontier pick all.json --min-energy --json
	cp out best
	json '.setting | "\(.batch_size),\(.power_limit_w)"' "$(echo "$joint" | cut -d: -f2)"
	good frontier pick "b-$base.json" --min-energy --json
	cp out best_limit
	json '.setting.power_limit_w | tostring' "$(echo "$limit" | cut -d: -f2)"
	good frontier show "b-$base.json" --all --json
	jq '[.points[] | select(.setting.power_limit_w == 250)][0]' out >baseline
	for pair in "best $joint" "best_limit $limit"; do
		which=${pair% *}
		want=${pair#* }
		saved=$(awk -v e="$(energy_of "$which")" -v b="$(energy_of baseline)" \
			'BEGIN { printf "%.1f", 100 * (1 - e / b) }')
		check "$dataset $which saves ${want%%:*} %, not $saved %" test "$saved" = "${want%%:*}"
	done
done <<'TABLE'
cifar100 shufflenetv2 adadelta 0.6 100 1024 74.7:128,100 31.4:100
imagenet resnet50 adadelta 0.65 100 256 23.8:360,150 22.5:150
squad bert_base_uncased adamw 84.0 6 32 27.6:8,125 17.8:150
librispeech deepspeech2 adamw 40.0 16 192 42.8:32,100 16.2:100
movielens-1m ncf adam 0.41 100 1024 66.6:16384,150 3.0:125
sentiment140 bert_base_uncased adamw 0.84 10 128 26.4:32,125 21.2:150
TABLE

# Joint over batch size and limit at once, per epoch; repeated --where and numbers as numbers.
csv="--format csv $zeus/summary_power_v100.csv --time time_per_epoch --power average_power"
# shellcheck disable=SC2086 # words
good frontier import $csv --knob batch_size --knob power_limit=power_limit_w:W \
	--where dataset=squad,network=bert_base_uncased --where optimizer=adamw \
	--work-unit epoch --name squad -o joint.json
good frontier show joint.json --all --json
json '.points | length' "$(grep -c '^squad,bert_base_uncased,.*,adamw,' "$zeus/summary_power_v100.csv")"
json '.points[0].setting | keys' '["batch_size","power_limit_w"]'
json .work_unit epoch
# shellcheck disable=SC2086
good frontier import $csv --knob power_limit=power_limit_w:W \
	--where dataset=squad,network=bert_base_uncased,batch_size=32.0 -o one.json
good frontier show one.json --all --json
json '.points | length' 7
good frontier pick one.json --eta 0.5 --json
json '.cost_j == 0.5 * .energy_j + 0.5 * 250 * .time_s' true

# cifar100 was run with two optimisers: the same setting twice, which is said.
# shellcheck disable=SC2086
bad frontier import $csv --knob power_limit --where dataset=cifar100,batch_size=1024 -o x.json
says_like 'summary_power_v100.csv:[0-9]*: .*line [0-9]*'
check "nothing written" test ! -e x.json
# shellcheck disable=SC2086
bad frontier import $csv --knob power_limit --where dataset=mnist -o x.json
says_like 'mnist'
finish
