#!/bin/sh
# fit and predict: files, bad observations, what is said of unknown intervals.
. "$(dirname "$0")/lib.sh"

cat >obs.csv <<END
workload,power_limit_w,time_s,power_w
train,100,11010,115
train,175,4463,161
train,300,3740,244
serve,100,10.0,90
serve,300,9.9,95
END

good fit obs.csv --device a40 -o fit.json --json
json .schema hourglass.fit/1
json .device a40
json '.workloads | length' 2
json '.workloads[0].parameters.time_s | .value > 3400 and .value < 4000 and .sd > 0' true
json '.workloads[0].observations | length' 3
good fit obs.csv --device a40
shows '^train  *3 .*1 h 0'
good fit fit.json -o again.json
cmp -s fit.json again.json || fail "a file of a fit does not give itself"

good predict fit.json train --setting 150W --setting 175W --json
json .schema hourglass.predict/1
json '.predictions[0] | .time_s > .time_interval_s[0] and .time_s < .time_interval_s[1]' true
json '.predictions[0].time_s > 4800 and .predictions[0].time_s < 7500' true
json '.predictions[1].origin | join(" ")' 'measured fitted'
good predict fit.json serve
shows '300 W .*fitted'
good predict fit.json train --setting 150W,1.2GHz --confidence 95%
good predict h100 llm-decode --setting 1.2GHz --json
json '.predictions[0] | .time_interval_s[0] < .time_s and .time_s < .time_interval_s[1]' true
json '.predictions[0].origin | join(" ")' 'datasheet simulated'

# Ops by their shape, from samples of another device, and a sum of them fitted.
cat >ops.csv <<END
op,m,n,k,type,gpus,elements,time_s
gemm,64,1280,8192,,,,1.4e-5
gemm,64,7168,8192,,,,5.1e-5
gemm,8192,7168,8192,,,,1.4e-3
collective,,,,all_reduce,8,524288,2.5e-5
END
good predict h200 llm-layer-decode --setting 700W --json
json '.predictions[0] | .energy_interval_j[0] < .energy_j and .energy_j < .energy_interval_j[1]' true
good fit ops.csv --device h100 -o ops.json --json
json .schema hourglass.ops-report/1
json '.kinds | map("\(.kind) \(.samples)") | join(", ")' 'gemm 3, collective 1'
good fit ops.json -o again.json
shows '^gemm  *3 '
cmp -s ops.json again.json || fail "a file of times of ops does not give itself"
good predict h200 llm-layer-decode --ops ops.json --setting 700W --json
json '.predictions[0].origin | join(" ")' 'fitted datasheet simulated'
printf 'power_limit_w,time_s,energy_j\n700,2.4e-4,0.1\n300,2.6e-4,0.06\n' >sum.csv
good fit sum.csv -d h100 --workload llm-layer-decode -o sum.json
good predict sum.json --setting 400W --json
json '.predictions[0] | .time_s > 2.2e-4 and .time_s < 2.8e-4' true
good fit sum.json -o sum-again.json
cmp -s sum.json sum-again.json || fail "a fit of a sum of ops does not give itself"
bad fit sum.csv -d h100 --workload x=llm-layer-decode
says_like 'expected NAME=WORKLOAD'
bad fit ops.csv
bad predict h200 llm-layer-decode --ops ops.csv
printf 'op,m,n,k,time_s\ngemm,1,2,x,4\n' >x.csv
bad fit x.csv -d h100
says_like 'x.csv:2: k: expected a number of 1 to 1e+07, found "x"'

# Times of ops in another unit, or faster than the device.
odd_times() {
	awk -F, -v OFS=, -v lines="$1" -v by="$2" \
		'index(lines, NR) { $NF *= by } { print }' ops.csv >x.csv
	run 2 fit x.csv -d h100
	says_like "x.csv:$4$"
	says_like "^hourglass fit: x.csv: $3 of 4 times cannot be right; --drop-odd leaves them out\$"
}
odd_times 2345 1000 4 '2: gemm: 0.014 s is [0-9.e+]* times what the datasheet leads to; is it in ms?'
odd_times 4 1e6 1 '4: gemm: 1400 s is [0-9.e+]* times what the datasheet leads to; is it in us?'
odd_times 34 0.001 2 '3: gemm: 5.1e-08 s is 0.00[0-9]* times what the datasheet leads to'
odd_times 5 1e3 1 '5: collective: 0.025 s is [0-9.e+]* times what the datasheet leads to; is it in ms?'
run 0 fit x.csv -d h100 --drop-odd --json
json '.kinds | map("\(.kind) \(.samples)") | join(", ")' 'gemm 3'
awk -F, -v OFS=, 'NR > 1 { $NF *= 1e8 } { print }' ops.csv >x.csv
run 2 fit x.csv -d h100 --drop-odd
says_like 'x.csv: no time is left'
bad fit ops.csv -d h100 --fit-device my.json
says "hourglass fit: --fit-device goes with observations, not with times of ops"
bad fit ops.csv -d h100 -w llm-decode

# Many workloads make a device, and a device that nobody knows is one all the same.
cat >many.csv <<END
workload,family,power_limit_w,time_s,power_w
a,x,100,130,95
a,x,150,108,140
a,x,250,100,210
b,y,100,50,70
b,y,150,48,80
b,y,250,48,82
c,z,100,200,98
c,z,150,150,147
c,z,250,120,235
END
good fit many.csv -d v100 --fit-device my.json -o many.json
shows 'fitted to 9 observations of 3 workloads'
shows 'too few families or limits to calibrate them'
good predict many.json a --setting 200W
good fit many.csv -d my.json -o again.json
grep -q 'fitted: joint fit of 3 workloads, 9 observations, from the figures of v100' my.json ||
	fail "the device's file does not say what it was fitted to"
run 0 fit many.csv -d somebodys-gpu -o many.json
says_like 'no device model "somebodys-gpu".*nobody described'
good predict many.json b --setting 200W --json
json '.predictions[0] | .time_s > 45 and .time_s < 52' true
good fit many.json -o again.json
cmp -s many.json again.json || fail "a fit of an unknown device does not give itself"
printf 'power_limit_w,time_s,power_w\n100,20,95\n250,14,200\n' >x.csv
run 0 fit x.csv -d somebodys-gpu -o one.json
good predict one.json --setting 150W --json
json '.predictions[0] | .time_s > 14 and .time_s < 20' true
bad fit x.csv -d 'My GPU'
run 2 fit x.csv -d somebodys-gpu -w llm-decode
says_like 'datasheet is not known'
bad fit x.csv -d v100 --fit-device my.json
says_like 'two workloads or more'

# What is wrong is named.
bad predict fit.json
says "hourglass predict: fit.json: expected one of its workloads too: train, serve"
bad predict fit.json trian
says "hourglass predict: fit.json: no workload \"trian\"; there is: train, serve"
for setting in 30W 1e300W 1000GHz 150W,1Hz; do
	bad predict fit.json train --setting 150W --setting $setting
	says "hourglass predict: --setting $setting: a40 has power limits of 100 W to 300 W and clocks of 210 MHz to 1.74 GHz"
done
for setting in 0W -5W 150J NaNW; do
	bad predict fit.json train --setting $setting
	says_like -- "--setting"
done
bad predict fit.json train --setting fast
bad predict obs.csv train
bad predict h100
says_like 'h100: expected the workload too, such as '
bad predict h101 llm-decode
says_like 'no device model "h101"; did you mean "h100'
bad fit obs.csv
bad fit obs.csv --device "what is it"
bad fit no-such.csv --device a40
bad fit obs.csv --device no-such.json
says "hourglass: no-such.json: No such file or directory"
run 125 fit obs.csv --device a40 -o /nonexistent/fit.json
one_line
: >x.csv
bad fit x.csv --device a40
says "hourglass: x.csv:1: expected a line of column names"
printf 'power_limit_w,time_s,power_w\n100,1\0,90\n' >x.csv
bad fit x.csv --device a40
says_like 'x.csv:2: field 2: a NUL byte'
printf 'power_limit_w,power_w\n100,90\n' >x.csv
bad fit x.csv --device a40
says "hourglass: x.csv:1: expected a column time_s"
for bad in 1e400 nan inf "1 s" ""; do
	printf 'power_limit_w,time_s,power_w\n100,%s,90\n' "$bad" >x.csv
	bad fit x.csv --device a40
	says "hourglass: x.csv:2: time_s: expected a number, found \"$bad\""
done
for limit in 0 0.0 -0; do
	printf 'power_limit_w,time_s,power_w\n300,10,240\n%s,20,110\n' $limit >x.csv
	bad fit x.csv --device a40
	says_like 'x.csv:3: power_limit_w: 0 is no setting; leave the field empty'
done
printf 'power_limit_w,time,power_w\n' >x.csv
bad fit x.csv --device a40
says_like 'x.csv:1: unknown column "time"'
printf 'power_limit_w,time_s,energy_j\n100,x,1\n' >x.csv
bad fit x.csv --device a40
says_like 'x.csv:2: time_s: expected a number, found "x"'
# a row that is short would have the energy of the one before it
printf 'power_limit_w,time_s,energy_j\n250,10,2000\n100,20\n' >x.csv
bad fit x.csv --device a40
says_like 'x.csv:3: expected 3 fields, found 2'
printf 'power_limit_w,time_s,energy_j\n100,1,5,140\n' >x.csv
bad fit x.csv --device a40
says_like 'x.csv:2: expected 3 fields, found 4'
printf 'power_limit_w;time_s;energy_j\n100;1.5;140\n' >x.csv
bad fit x.csv --device a40
says_like "x.csv:1: expected columns separated by ','"
cat >x.csv <<END
power_limit_w,time_s,energy_j
100,20,2100
150,12,1700000
200,10,1800
250,9.5,-3
300,9.2,1950
END
run 2 fit x.csv --device a40
says_like 'x.csv:3: .*mJ'
says_like 'x.csv:5: .*energy or power: expected above 0'
run 0 fit x.csv --device a40 --drop-odd --json
json '.workloads[0].observations | length' 3

# Work that is not the same, but not so different that it cannot be: it is said.
printf 'power_limit_w,time_s,power_w\n100,11010,115\n300,11010,244\n' >x.csv
run 0 fit x.csv --device a40
says_like 'workload: the time is 19 % off what a40 can do, the energy 26 %: is each observation of the same work'
sed 's/train/workload/; /serve/d' obs.csv >x.csv
run 0 fit x.csv --device a40 -w llm-decode
says_like 'off what a40 can do.*that which --workload says'

# Each bad observation is named by its line, on a device that is known and on one that is not.
cat >base.csv <<END
power_limit_w,time_s,energy_j
100,32,3000
150,14,1900
200,12,1900
250,11,2000
300,10.8,2100
END
# named SED-SCRIPT WHAT-IS-SAID-OF-LINE-4
named() {
	sed "$1" base.csv >bad.csv
	for device in a40 nobody-knows; do
		run 2 fit bad.csv --device $device
		says_like "bad.csv:4: .*$2"
	done
}
run 0 fit base.csv --device a40
run 0 fit base.csv --device nobody-knows
named 's/^200,12,/200,-12,/' 'time: expected seconds above 0, found -12'
named 's/^200,12,/200,0,/' 'time: expected seconds above 0, found 0'
named 's/^\(200,12,\).*/\10/' 'energy or power: expected above 0, found 0 J'
named 's/^\(200,12,\)/\1-/' 'energy or power: expected above 0, found -1900 J'
named 's/^200,.*/&000/' 'mean power .*is the energy in mJ, or the power in mW?'
named 's/^200,12/&000/' 'mean power .*is the time in ms, the energy in kJ, or the power in kW?'
named 's/^200,.*/200,36,5700/' 'the time is 3.*another amount of work'
named 's/^200,/2000,/' 'setting: expected'
printf 'power_limit_w,time_s,energy_j\n100,20,2100\n300,1000,200000\n' >bad.csv
for device in a40 nobody-knows; do
	run 2 fit bad.csv --device $device
	says_like 'bad.csv:3: .*the time is 50 times.*another amount of work'
done
sed 's/,[0-9]*$/&000/' base.csv >bad.csv
run 2 fit bad.csv --device a40
says_like '5 of 5 observations cannot be right'

finish
