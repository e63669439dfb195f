#!/bin/sh
# completion: every command and option is there, and bash really completes.
. "$(dirname "$0")/lib.sh"

good help --json
cp out help.json
jq -r '.commands[].options[].name' help.json | sort -u >options
jq -r '.commands[].name' help.json | tr ' ' '\n' | sort -u >names
for shell in bash zsh fish; do
	good completion $shell
	cp out script.$shell
	while read -r name; do
		check "$shell: $name" grep -qw -- "$name" script.$shell
	done <names
	while read -r option; do
		# fish writes them without dashes
		check "$shell: $option" grep -q -e "$option\b" -e "-l ${option#--}\b" script.$shell
	done <options
	check "$shell: devices" grep -q 'sim:mi300x' script.$shell
	check "$shell: workloads" grep -q 'llm-decode' script.$shell
	if command -v $shell >/dev/null; then
		check "$shell reads it" $shell -n script.$shell
	fi
	good completion $shell --json
	jq -j .script out >again
	same_file again script.$shell
done
bad completion bsh
says "hourglass completion: no shell 'bsh'; did you mean 'bash'?"
bad completion tcl
says "hourglass completion: no shell 'tcl'; known are bash, zsh, fish"
bad completion

command -v bash >/dev/null || finish
cat >complete.bash <<'BASH'
# complete.bash SCRIPT WORD...: what the last word may become
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_hourglass
printf '%s\n' "${COMPREPLY[@]}" | sort | tr '\n' ' '
BASH
# completes WANT WORD...
completes() {
	wanted=$1
	shift
	checks=$((checks + 1))
	is=$(bash complete.bash ./script.bash hourglass "$@" 2>&1)
	[ "$is" = "$wanted " ] || fail "hourglass $*: completes to $is, expected $wanted"
}
touch fa.json fb.json
completes 'demo' de
completes 'parallel pick plot' frontier p
completes '--max-power --max-slowdown' frontier pick fa.json --max
completes 'zeus-windows' frontier import --format z
completes 'zeus-windows' frontier import --format = z
completes 'fa.json fb.json' frontier pick f
completes 'fa.json fb.json' run --frontier f
completes 'llm-decode llm-layer-decode llm-prefill' profile --workload llm
completes 'h100-nvl h100-pcie h100-sxm h20 h200 h200-nvl h800-sxm' profile --device sim : h
completes 'fish' completion f
completes 'fa.json fb.json' frontier pick --knee f
finish
