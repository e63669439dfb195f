#!/bin/sh
# plan dag: workflows against all combinations, and what is wrong with their files.
# shellcheck disable=SC2016 # filters of jq
. "$(dirname "$0")/lib.sh"
sweep f
cat >rag.json <<'JSON'
{"schema": "hourglass.dag/1", "name": "rag", "deadline_s": 1.2,
 "devices": [{"name": "gpu", "static_power_w": 60}],
 "nodes": [
  {"name": "embed", "device": "gpu", "points": [
    {"time_s": 0.1, "energy_j": 30, "setting": "fast"},
    {"time_s": 0.2, "energy_j": 20, "setting": "slow"}]},
  {"name": "search", "time_s": 0.3, "energy_j": 5},
  {"name": "rewrite", "device": "gpu", "points": [
    {"time_s": 0.2, "energy_j": 60}, {"time_s": 0.35, "energy_j": 45}]},
  {"name": "answer", "device": "gpu", "points": [
    {"time_s": 0.5, "energy_j": 200}, {"time_s": 0.6, "energy_j": 170},
    {"time_s": 0.8, "energy_j": 150}]}],
 "edges": [{"from": "embed", "to": "search"}, {"from": "embed", "to": "rewrite"},
  {"from": "search", "to": "answer"}, {"from": "rewrite", "to": "answer", "lag_s": 0.01}]}
JSON

# The least energy of all combinations within a deadline, waiting charged until the end.
brute() {
	jq --argjson d "$1" '[.nodes[0].points[] as $e | .nodes[2].points[] as $r
		| .nodes[3].points[] as $a
		| ([0.3, $r.time_s + 0.01] | max) as $mid
		| ($e.time_s + $mid + $a.time_s) as $t
		| select($t <= $d + 1e-9)
		| {t: $t, eff: ($e.energy_j + $r.energy_j + $a.energy_j + 5
			- 60 * ($e.time_s + $r.time_s + $a.time_s))}]
		| min_by(.eff) | .eff' rag.json
}
for deadline in 0.9 0.95 1 1.05 1.1 1.16 1.2 1.3 1.36 2; do
	good plan dag rag.json --deadline $deadline --json
	least=$(brute $deadline)
	json "(.energy_j - 60 * .time_s - $least) | . < 1e-9 and . > -1e-9" true
	json ".time_s <= $deadline * (1 + 1e-9) and .bound_j <= .energy_j + 1e-9" true
done
good plan dag rag.json --json
json '[.schema, (.deadline_s - 1.2 | . < 1e-9 and . > -1e-9)]' '["hourglass.plan-dag/1",true]'
json '.nodes[0].setting' slow
good plan dag rag.json
shows '^rag: '
run 3 plan dag rag.json --deadline 0.5
one_line
says_like 'is below the least time of 0.9 s'

# frontier files lie beside the workflow
mkdir sub
cp f.json sub
cat >sub/w.json <<'JSON'
{"schema": "hourglass.dag/1",
 "nodes": [{"name": "a", "frontier": "f.json"}, {"name": "b", "frontier": "f.json"}],
 "edges": [{"from": "a", "to": "b"}]}
JSON
good plan dag sub/w.json --deadline 22 --json
json '.time_s <= 22' true
json '[.nodes[].energy_j] | add' 5300

# what is wrong
refused() {
	printf '%s\n' "$1" >bad.json
	bad plan dag bad.json
	says_like "$2"
}
refused '{}' 'schema'
refused '{"schema": "hourglass.dag/2", "nodes": []}' 'hourglass.dag/2'
refused '{"schema": "hourglass.dag/1", "nodes": []}' 'no node'
refused '{"schema": "hourglass.dag/1", "nodes": [{"name": "a"}]}' 'expected one of frontier, points'
refused '{"schema": "hourglass.dag/1", "nodes": [{"name": "a", "time_s": -1}]}' 'time_s'
refused '{"schema": "hourglass.dag/1", "nodes": [{"name": "a", "frontier": "none.json"}]}' 'none.json'
refused '{"schema": "hourglass.dag/1", "nodes": [{"name": "a", "device": "x", "time_s": 1}]}' \
	'expected one of devices'
two='"nodes": [{"name": "a", "time_s": 1}, {"name": "b", "time_s": 1}]'
refused "{\"schema\": \"hourglass.dag/1\", $two, \"edges\": [{\"from\": \"a\", \"to\": \"c\"}]}" \
	"expected a node's name"
refused "{\"schema\": \"hourglass.dag/1\", $two, \"edges\": [{\"from\": \"a\", \"to\": \"b\"},
	{\"from\": \"b\", \"to\": \"a\"}]}" 'cycle'
refused '{"schema": "hourglass.dag/1", "nodes": [{"name": "a", "time_s": 1},
	{"name": "a", "time_s": 1}]}' 'expected once, found twice'
# nothing to do takes no time, and nothing is saved of nothing
echo '{"schema": "hourglass.dag/1", "nodes": [{"name": "a", "time_s": 0}], "edges": []}' >zero.json
good plan dag zero.json
shows '^workflow: 0 s, 0 J, 0[.]000 % above the bound$'
finish
