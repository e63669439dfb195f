#!/bin/sh
# search: replays, measures, fails, is killed, goes on.
. "${0%/*}/lib.sh"

cat >space.json <<'END'
{
  "schema": "hourglass.space/1",
  "name": "made up", "work_unit": "epoch",
  "knobs": [
    {"name": "device", "scale": "choice", "values": ["x", "y"]},
    {"name": "batch_size", "scale": "log", "values": [8, 16, 32, 64, 128]},
    {"name": "power_limit", "unit": "W", "scale": "limit", "values": [100, 150, 200, 250]}
  ],
  "exclude": [{"device": "y", "power_limit": {"min": 251}}]
}
END
# what a setting costs, with awk in place of a device
cat >cost.awk <<'END'
function cost(d, b, l) {
	t = (20 + 800 / b + b / 40) * exp(0.9 * (1 - l / 250) ^ 2.3) * (d == "y" ? 0.9 : 1)
	return sprintf("%.6f %.6f", t, t * l * 0.9)
}
END
cat >table.awk <<'END'
BEGIN {
	print "device,batch_size,power_limit,time_s,energy_j"
	for (d = 0; d < 2; d++) for (b = 8; b <= 128; b *= 2) for (l = 100; l <= 250; l += 50) {
		split(cost(d ? "y" : "x", b, l), c, " ")
		printf "%s,%d,%d,%s,%s\n", d ? "y" : "x", b, l, c[1], c[2]
	}
}
END
cat >one.awk <<'END'
BEGIN {
	split(cost(ENVIRON["HG_DEVICE"], ENVIRON["HG_BATCH_SIZE"], ENVIRON["HG_POWER_LIMIT"]), c, " ")
	printf "{\"time_s\": %s, \"energy_j\": %s, \"time_rsd\": 0.001}\n", c[1], c[2]
}
END
awk -f cost.awk -f table.awk >table.csv
command="awk -f $work/cost.awk -f $work/one.awk"

# --- a replay
run 0 search space.json --table table.csv -o f.json
shows 'certified: nothing is better by more than'
check 'the whole frontier is covered' sh -c "
	awk -F, 'NR > 1 {print \$4, \$5}' table.csv >all
	jq -r '.points[] | \"\(.time_s) \(.energy_j)\"' f.json >found
	awk 'NR == FNR {t[NR] = \$1; e[NR] = \$2; n = NR; next}
		{ok = 0; for (i = 1; i <= n; i++) if (t[i] <= 1.02 * \$1 && e[i] <= 1.02 * \$2) ok = 1
		if (!ok) exit 1}' found all"
run 0 search space.json --table table.csv -o f.json --json
json '.schema == "hourglass.search/1" and .certified and .measured < 30' true
json '.configurations == 40 and (.results | length) == .measured' true
json '.schema == "hourglass.frontier/1" and .work_unit == "epoch" and (tostring | test("measured"))' true f.json
cp out first
run 0 search space.json --table table.csv -o f.json --json
check 'the same again' cmp out first
run 0 search space.json --table table.csv -o g.json --policy random --max 5
shows 'not certified'
run 0 search space.json --table table.csv
json '.schema == "hourglass.frontier/1"' true
run 0 frontier show f.json
run 0 search space.json --table table.csv -o f.json --plot
sed 1d out >drawn
run 0 frontier plot f.json
check 'draws as frontier plot does' cmp out drawn
run 2 search space.json --table table.csv -o f.json --plot --json
says_like '--plot and --json exclude each other'
run 2 search space.json --table table.csv --plot
says_like '--plot needs -o FILE'
run 2 search space.json --table table.csv -o f.json --parallel 2
says_like '--parallel goes with --measure'

# --- measured, by a log
run 0 search space.json --measure "$command" --log log -o m.json --json
json .measured "$(($(wc -l <log)))"
jq -c '[.results[].setting]' out >whole
run 0 search space.json --measure "echo none; exit 1" --log log -o m.json --json
json '.resumed == .measured and .failed == 0' true
# the same search, cut off in the middle of a line
head -n 6 log | head -c -20 >part
run 0 search space.json --measure "$command" --log part -o m.json --json
says_like 'part: the last line is not whole and is left out'
jq -c '[.results[].setting]' out >resumed
check 'goes on as if nothing had been' cmp whole resumed
json '.resumed == 5' true

# --- killed in the middle: what was measured is there
touch killed
"$HOURGLASS" search space.json --measure "sleep 0.1; $command" --log killed -o k.json >/dev/null 2>&1 &
pid=$!
i=0
while [ "$(wc -l <killed)" -lt 3 ] && [ $i -lt 200 ]; do
	sleep 0.1
	i=$((i + 1))
done
kill -9 $pid
wait $pid 2>/dev/null
check 'no frontier yet' [ ! -e k.json ]
run 0 search space.json --measure "$command" --log killed -o k.json --json
json '.resumed >= 3' true
jq -c '[.results[].setting]' out >resumed
check 'the same order' cmp whole resumed

# --- more settings than can be listed
cat >large.json <<'END'
{"schema": "hourglass.space/1", "name": "large", "knobs": [
  {"name": "device", "scale": "choice", "values": ["x", "y"]},
  {"name": "batch_size", "scale": "log", "values": [8, 16, 32, 64, 128]},
  {"name": "power_limit", "unit": "W", "scale": "limit", "values": [100, 150, 200, 250]},
  {"name": "a", "scale": "linear", "values": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},
  {"name": "b", "scale": "linear", "values": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},
  {"name": "c", "scale": "linear", "values": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]},
  {"name": "d", "scale": "linear", "values": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}],
 "constraints": ["a + b >= c + d"]}
END
run 0 search large.json --measure "$command" --max 8 -o l.json --log large.log
shows 'of 4e+05 combinations; not certified: one of 4096 candidates may be better by'
cp large.log entire
head -5 large.log >part
run 0 search large.json --measure "$command" --max 8 -o l.json --log part --json
json '.configurations == 400000 and .candidates == 4096 and (.listed | not) and .resumed == 5' true
json '.escape_drawn > 0 and all(.results[].setting; .a + .b >= .c + .d)' true
check 'it goes on as it would have' cmp entire part
run 2 search large.json --measure "$command" --prior table.csv -o l.json
says_like '--prior needs a space of at most 65536 settings'
awk -F, 'NR == 1 {print $0 ",a,b,c,d"} NR > 1 {print $0 ",9,0,1,2"; print $0 ",0,0,1,2"}' table.csv >large.csv
run 0 search large.json --table large.csv -o l.json --json
json '.configurations == 40 and .listed and .certified' true
awk 'NR == 2 {print} {print}' large.csv >twice.csv
run 2 search large.json --table twice.csv -o l.json
says_like 'twice.csv:3: the same configuration is there twice'
sed 's/"a + b >= c + d"/"a * 0 == 1"/' large.json >nothing.json
run 2 search nothing.json --measure "$command"
says_like 'nothing.json: every configuration is excluded'

# --- stopped by a batch system: what was measured is written, and the command is ended
: >stopped
"$HOURGLASS" search space.json --measure "sleep 0.1; echo >>stopped; $command" -o s.json >/dev/null 2>err &
pid=$!
i=0
while [ "$(wc -l <stopped)" -lt 3 ] && [ $i -lt 200 ]; do
	sleep 0.05
	i=$((i + 1))
done
kill "$pid"
wait "$pid"
check "status of a search that is stopped" test $? = 130
says "hourglass search: interrupted; what was measured was written"
json '.points | length >= 1' true s.json

# --- several at once
run 0 search space.json --measure "$command" --parallel 4 -o p.json --json
json '.certified and .measured <= 40' true

# --- failures and time-outs
run 0 search space.json --measure "[ \$HG_DEVICE = x ] || exit 7; $command" --log fails -o f.json --json
json '.failed > 0 and ([.results[] | select(.failed == null) | .setting.device] | all(. == "x"))' true
says_like 'exit status 7'
check 'why it failed is kept' grep -q '"failed": "exit status 7"' fails
run 3 search space.json --measure 'sleep 10' --timeout 0.1 --max 2 --parallel 2 -o none.json
says_like 'timed out'
says_like 'nothing was measured, all 2 settings that were tried failed: no frontier'
check 'and no file' [ ! -e none.json ]
run 0 search space.json --measure "[ \$HG_DEVICE = x ] && echo '{\"failed\": \"out of memory\"}' ||
	$command" --max 3 -o f.json
says_like 'said so'

# --- output that is no result: tried again, and only several in a row end the search
cat >once.sh <<'END'
# garbles the measurement of a setting the first time
mark=tried-$HG_DEVICE-$HG_BATCH_SIZE-$HG_POWER_LIMIT
if [ "$HG_POWER_LIMIT" = 250 ] && [ ! -e "$mark" ]; then
	touch "$mark"
	echo '{"time_s": 1, "ener'
	exit 0
fi
END
run 0 search space.json --measure ". ./once.sh; $command" --log garbled -o f.json --json
json '.certified and .failed == 0' true
says_like "device=x .*power_limit=250: the command's output:1: "
check 'what was wrong is kept' grep -q '"garbled": "the command.s output:1: ' garbled
jq -c '[.results[].setting]' out >tried
check 'the settings are those of a command that never erred' cmp whole tried
run 0 search space.json --measure "$command" --log garbled -o f.json --json
json '.resumed == .measured and .failed == 0' true
run 0 search space.json --measure "[ \$HG_BATCH_SIZE = 32 ] && exec echo oops; $command" --log twice -o f.json --json
json '.failed > 0 and ([.results[] | select(.failed) | .setting.batch_size] | all(. == 32))' true
run 0 search space.json --measure "$command" --log twice -o f.json --json
json '.resumed == (.results | length) and .failed > 0' true
rm -f wrong
run 2 search space.json --measure 'echo hello' --log wrong -o none.json
says_like 'no line of JSON; it begins with "hello"'
says_like '4 measurements in a row gave no result: the command is wrong, not the settings'
check 'four times, no more' [ "$(grep -c garbled wrong)" = 4 ]
run 0 search space.json --measure "$command" --log wrong -o f.json --json
says_like 'wrong: the last 4 outputs were no results, which ended the search'
json '.failed == 0' true
jq -c '[.results[].setting]' out >tried
check 'no setting suffers from a command that was wrong' cmp whole tried
run 2 search space.json --measure 'true' -o none.json
says_like 'the command printed nothing'
run 2 search space.json --measure 'no-such-program' -o none.json
says_like 'exit status 127: a command is not found'
run 2 search space.json --measure 'echo "{\"time_s\": 1}"' -o none.json
says_like '"energy_j" is missing'
run 2 search space.json --measure 'echo "{\"time_s\": -1, \"energy_j\": 1}"' -o none.json
says_like '"time_s": -1 is not between'
run 2 search space.json --measure "$command; $command" -o none.json
says_like "the command's output: more than one line of JSON"
run 2 search space.json --measure "printf '{%09000d}' 1" -o none.json
says_like "the command's output: more than 8192 bytes of JSON"
run 0 search space.json --measure "seq 9999; $command; echo done" -o f.json --json
json '.certified and .failed == 0' true
run 3 search space.json --measure 'exit 1' -o none.json
says_like '16 measurements in a row failed; --give-up allows more'
run 3 search space.json --measure 'exit 1' --give-up 18 --log gave -o none.json
check 'as many as were asked for' [ "$(wc -l <gave)" = 18 ]

# --- what the command leaves behind does not hold the search up, and does not stay
begin=$(date +%s)
run 0 search space.json --measure "sleep 300 & echo \$! >>pids; $command" --max 2 -o f.json --json
says_like 'processes that the command left behind were ended'
json .measured 2
check 'not waited for' [ $(($(date +%s) - begin)) -lt 100 ]
# shellcheck disable=SC2016 # for the shell that is started
check 'they are gone' sh -c 'for p in $(cat pids); do ! kill -0 "$p" 2>/dev/null || exit 1; done'

# --- predictions
sed 's/energy_j/energy_j,rsd/; 2,$s/$/,0.02/' table.csv >prior.csv
run 0 search space.json --table table.csv --prior prior.csv -o f.json --json
check 'predictions help' [ "$(jq .measured out)" -lt "$(jq .measured first)" ]
sed 2d prior.csv >less.csv
run 2 search space.json --table table.csv --prior less.csv -o f.json
says_like 'less.csv: no prediction for device=x batch_size=8 power_limit=100'
sed 's/^device/workload,device/; 2,$s/^/other,/' table.csv >kin.csv
run 0 search space.json --table table.csv --kin kin.csv -o f.json

# --- what is refused
run 125 search space.json --measure 'touch begun' -o /nonexistent/f.json
one_line
[ ! -e begun ] || fail "a search begins whose frontier cannot be written"
run 2 search space.json -o f.json
says_like 'give either --measure CMD or --table CSV'
run 2 search space.json --table table.csv --policy best -o f.json
says_like 'must be cover, ehvi or random'
sed 's/"log"/"lgo"/' space.json >bad.json
run 2 search bad.json --table table.csv -o f.json
says_like 'bad.json:6: "scale": expected choice, linear, log, limit or clock, got "lgo"'
sed 's/"exclude": .*/"constraints": ["batch_size * power_limit <= 6400"]/' space.json >bad.json
run 0 search bad.json --table table.csv --max 100 --confidence 99.9999999% -o f.json --json
json '.configurations == 24 and all(.results[].setting; .batch_size * .power_limit <= 6400)' true
sed 's/"exclude": .*/"constraints": ["batch_siz * power_limit <= 6400"]/' space.json >bad.json
run 2 search bad.json --table table.csv
says_like 'bad.json:9: "constraints", number 1: no knob "batch_siz"; did you mean "batch_size"?'
sed 's/exclude/exlude/' space.json >bad.json
run 2 search bad.json --table table.csv -o f.json
says_like 'bad.json:9: unknown member "exlude"; did you mean "exclude"?'
run 2 search space.json --table space.json -o f.json
says_like 'no column "device"'
sed '3s/,[0-9.]*$/,x/' table.csv >bad.csv
run 2 search space.json --table bad.csv -o f.json
says_like 'bad.csv:3: "energy_j": expected a number above 0, got "x"'
sed 3p table.csv >bad.csv
run 2 search space.json --table bad.csv -o f.json
says_like 'bad.csv:4: the same configuration as in line 3'
echo '{"setting": {"device": "z", "batch_size": 8, "power_limit": 100}, "time_s": 1, "energy_j": 1}' >bad.log
run 2 search space.json --table table.csv --log bad.log -o f.json
says_like 'bad.log:1: "device": the space has no "z"'

finish
