#!/bin/sh
# calibrate: what a counter is, found without being told; kept, and used.
. "$(dirname "$0")/lib.sh"
HOURGLASS_SENSORS="$work/state/deep/sensors.json"

# The simulator knows the truth: a lag of 30 ms, a period of 100 ms, all of the time.
good calibrate -d sim:h100,lag=30ms --json
json .schema hourglass.calibrate/1
json '.devices[0].trusted' true
json '.devices[0].simulated' true
json '.devices[0] | (.lag_s - 0.03 | fabs) < 0.005' true
json '.devices[0] | (.period_s - 0.1 | fabs) < 0.001' true
json '.devices[0] | (.coverage - 1 | fabs) < 0.05' true
json '.devices[0] | (.load_ratio - 1 | fabs) < 0.05 and .load_w > .idle_w' true
json .schema hourglass.sensors/1 "$HOURGLASS_SENSORS"

good list -d sim:h100,lag=30ms --json
json '.devices[0].signals[] | select(.name == "energy") | .trust' trusted
json '.devices[0].signals[] | select(.name == "energy") | .lag_s > 0.02' true
good list -d sim:a40 --json
json '.devices[0].signals[] | select(.name == "energy") | .trust' 'not calibrated'
good run -d sim:h100,lag=30ms --json -o r.json -- sleep 0.3
json '.devices[0].sensor.trusted' false r.json

# A second device joins the first; too short is not trusted, and says so.
good calibrate -d sim:a40 --seconds 1
shows '^sim:a40\*.*not trusted: .*3 are the least'
json '.sensors | length' 2 "$HOURGLASS_SENSORS"

# A file that is not ours stays as it is.
echo '{"schema": "hourglass.sensors/9"}' >other.json
cp other.json before.json
run 2 calibrate -d sim:h100 --seconds 3 -o other.json
says_like 'other.json.*hourglass.sensors/9'
same_file other.json before.json
HOURGLASS_SENSORS=other.json
run 0 top -d sim:h100 --once -i 100ms
says_like '^hourglass top: measured without calibrations: '
run 125 calibrate -d sim:h100 --seconds 3 -o /proc/no/sensors.json

bad calibrate -d sim:nothing
bad calibrate -d sim:h100 -w nothing
bad calibrate -d sim:h100 sleep 1
mkdir root
HOURGLASS_FS_ROOT="$work/root" HOURGLASS_NVML=/nonexistent run 2 calibrate
says "hourglass calibrate: no device here tells power or energy; 'hourglass doctor' says why"
finish
