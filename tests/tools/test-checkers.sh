#!/bin/sh
# Every checker passes a good sample and fails a bad one, naming the line.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0

# sample FILE: standard input becomes that file of an otherwise empty tree
sample() {
	rm -rf "$dir/tree"
	mkdir -p "$dir/tree/src/core" "$dir/tree/src/hardware/device" "$dir/tree/include/hourglass"
	echo "/* known */" >"$dir/tree/src/core/text.h"
	echo "/* known */" >"$dir/tree/src/hardware/device/device.h"
	mkdir -p "$(dirname "$dir/tree/$1")"
	cat >"$dir/tree/$1"
}

fail() {
	echo "FAIL $*"
	sed 's/^/    | /' "$dir/out"
	failures=$((failures + 1))
}

# expect STATUS TEXT COMMAND...: status, and text in the output
expect() {
	want=$1
	text=$2
	shift 2
	"$@" >"$dir/out" 2>&1
	got=$?
	[ $got = "$want" ] || fail "status $got instead of $want: $*"
	grep -qF -e "$text" "$dir/out" || fail "no '$text': $*"
}

check() {
	expect "$1" "$2" python3 "$root/tools/check-$3" "$dir/tree"
}

# --- layers
printf '#include <hourglass/frontier.h>\n#include "core/text.h"\n' | sample src/software/train/a.c
check 0 "0 violations" layers
printf '#include <stdio.h>\n#include "hardware/device/device.h"\n' | sample src/software/train/a.c
check 1 "src/software/train/a.c:2: src/software may not include src/hardware/device" layers
printf '#include <hourglass/device.h>\n' | sample src/software/train/a.c
check 1 "src/software may not include <hourglass/device.h>" layers
printf '#include <hourglass/frontier.h>\n' | sample src/core/a.c
check 1 "src/core may not include <hourglass/frontier.h>" layers
printf '#include "../hardware/device/device.h"\n' | sample src/waist/a.c
check 1 "src/waist may not include src/hardware/device" layers
printf '/* #include "hardware/device/device.h" */\n' | sample src/waist/a.c
check 0 "0 violations" layers
printf 'int a;\n' | sample src/elsewhere/a.c
check 1 "no rule" layers

# --- banned
printf 'void f(void)\n{\n\t/* printf("x") */\n\tg("exit(1)");\n}\n' | sample src/core/a.c
check 0 "0 violations" banned
printf 'void f(void)\n{\n\tprintf("x");\n}\n' | sample src/core/a.c
check 1 "src/core/a.c:3: printf" banned
printf 'void f(void)\n{\n\tprintf("x");\n}\n' | sample src/cli/a.c
check 0 "0 violations" banned
printf 'void f(char *s)\n{\n\tstrcpy(s, "x");\n}\n' | sample src/cli/a.c
check 1 "src/cli/a.c:3: strcpy" banned
printf 'long f(void)\n{\n\treturn time(NULL);\n}\n' | sample src/software/train/a.c
check 1 "reads a clock" banned
printf 'void *f(void)\n{\n\treturn dlopen("x", 1);\n}\n' | sample src/hardware/device/a.c
check 1 "dlopen" banned
printf 'void *f(void)\n{\n\treturn dlopen("x", 1);\n}\n' | sample src/hardware/backend/nvml/load.c
check 0 "0 violations" banned

# --- length
{
	printf 'int f(int a)\n{\n'
	yes '	a++;' | head -n 77
	printf '\treturn a;\n}\n'
} | sample src/core/a.c
check 0 "0 violations" length
{
	printf 'int f(int a)\n{\n'
	yes '	a++;' | head -n 78
	printf '\treturn a;\n}\n'
} | sample src/core/a.c
check 1 "f: 81 lines, at most 80" length
{
	printf 'int g(int a)\n{\n'
	yes '	a += a ? 1 : 2;' | head -n 20
	printf '\treturn a;\n}\n'
} | sample src/core/a.c
check 1 "g: complexity 21, at most 20" length
yes '/* text */' | head -n 701 | sample src/core/a.c
check 1 "src/core/a.c: 701 lines, at most 700" length

# --- layout and symbols of the ABI
cp -r "$root/include" "$dir/include"
expect 0 "sizes, offsets" python3 "$root/tests/abi/check-layout" --include "$dir/include"
sed -i 's/double fraction;/float fraction;/' "$dir/include/hourglass/frontier.h"
expect 1 "you must bump the ABI" python3 "$root/tests/abi/check-layout" --include "$dir/include"

cat >"$dir/lib.c" <<'END'
int hg_known(void);
int hg_known(void)
{
	return 0;
}
int hg_new(void);
int hg_new(void)
{
	return 0;
}
END
echo 'HOURGLASS_0 { global: hg_*; local: *; };' >"$dir/lib.map"
"${CC:-cc}" -shared -fPIC -Wl,--version-script="$dir/lib.map" "$dir/lib.c" -o "$dir/lib.so" || exit 1
symbols() {
	expect "$1" "$2" python3 "$root/tests/abi/check-symbols" "$dir/lib.so" --links \
		--symbols "$dir/symbols"
}
printf 'hg_known 0.1\nhg_new 0.2\n' >"$dir/symbols"
symbols 0 "2 symbols"
printf 'hg_known 0.1\n' >"$dir/symbols"
symbols 1 "hg_new: exported, but not in"
printf 'hg_known 0.1\nhg_new 0.2\nhg_gone 0.1\n' >"$dir/symbols"
symbols 1 "hg_gone: in"
sed -i 's/hg_new/leaked/' "$dir/lib.c"
"${CC:-cc}" -shared -fPIC "$dir/lib.c" -o "$dir/lib.so" || exit 1
symbols 1 "leaked: exported, but only hg_* may be"

# --- headers
expect 0 "compilations" sh "$root/tests/abi/check-headers" "$root/include"
sed -i 's/#include <stdint.h>//' "$dir/include/hourglass/sim.h" "$dir/include/hourglass/device.h"
sed -i 's/#include <stdint.h>//' "$dir/include/hourglass/context.h"
sed -i 's/#include <stdint.h>//' "$dir/include/hourglass/model.h"
expect 1 "FAIL sim.h" sh "$root/tests/abi/check-headers" "$dir/include"

# --- documents: a copy of ours, and a command with one option
copy_documents() {
	rm -rf "$dir/tree"
	mkdir -p "$dir/tree/tests/abi" "$dir/tree/man"
	cp -r "$root/include" "$dir/tree"
	cp "$root/tests/abi/symbols" "$dir/tree/tests/abi"
	cp "$root/man/libhourglass.3" "$dir/tree/man"
	printf '# Changes\n\n## %s\n\nSee [here](man/libhourglass.3).\n' "$version" \
		>"$dir/tree/CHANGELOG.md"
	printf '.Nm\nfly\n' >"$dir/tree/man/hourglass.1"
	printf '.Nm fly\n.It Fl -wings Ar N\n' >"$dir/tree/man/hourglass-fly.1"
}
version=$(sed -n 's/^#define HG_VERSION_[A-Z]* *\([0-9]*\).*/\1/p' \
	"$root/include/hourglass/version.h" | paste -sd.)
cat >"$dir/fly" <<'END'
#!/bin/sh
echo '{"commands": [{"name": "fly", "page": "hourglass-fly",
	"options": [{"name": "--wings", "short": null}]}]}'
END
chmod +x "$dir/fly"
docs() {
	expect "$1" "$2" python3 "$root/tools/check-docs" "$dir/tree" "$dir/fly"
}
copy_documents
docs 0 "0 differences"
echo 'hg_gone 0.1' >>"$dir/tree/tests/abi/symbols"
docs 1 "function hg_gone: in tests/abi/symbols, not in the headers"
copy_documents
sed -i '/^\.It Fn hg_open/d' "$dir/tree/man/libhourglass.3"
docs 1 "description hg_open: in the headers, not in man/libhourglass.3"
copy_documents
sed -i 's/^\.Fa "uint32_t times"/.Fa "int times"/' "$dir/tree/man/libhourglass.3"
docs 1 "prototype hg_frontier_repeat: frontier.h and man/libhourglass.3 differ"
copy_documents
sed -i '/^\.It Dv HG_EIO/d' "$dir/tree/man/libhourglass.3"
docs 1 "error HG_EIO: in error.h, not in man/libhourglass.3"
copy_documents
sed -i 's/wings/fins/' "$dir/tree/man/hourglass-fly.1"
docs 1 "option wings: in help --json, not in man/hourglass-fly.1"
copy_documents
sed -i 's/^## .*/## 9.9.9/' "$dir/tree/CHANGELOG.md"
docs 1 "its first release is not $version"
copy_documents
echo '[x](nowhere.md)' >>"$dir/tree/CHANGELOG.md"
docs 1 "link to nowhere.md"

# --- examples: shell and C, exempt and failing; pkg-config knows a hourglass without a library
mkdir -p "$dir/pc"
printf 'Name: hourglass\nDescription: none\nVersion: 0\n' >"$dir/pc/hourglass.pc"
examples() {
	expect "$1" "$2" env PKG_CONFIG_PATH="$dir/pc" python3 "$root/tools/run-examples" \
		"$dir/tree" "$dir/work"
}
fence='```'
printf '%ssh\ntrue\n%s\n%sc\nputs("x");\n%s\n' $fence $fence $fence $fence |
	sed 's/^puts/#include <stdio.h>\nputs/' | sample README.md
examples 0 "2 examples, 0 failures"
printf '%ssh\nfalse\n%s\n' $fence $fence | sample README.md
examples 1 "README.md:1: status 1"
printf '<!-- not run: sample -->\n%ssh\nfalse\n%s\n%ssh\ntrue\n%s\n' $fence $fence $fence $fence |
	sample README.md
examples 0 "1 examples, 0 failures"
printf '.\\" example: c\n.Bd -literal\nint x = 1\n.Ed\n' | sample man/x.3
examples 1 "man/x.3:1: status 1"

[ $failures = 0 ] && echo "all checkers find what they look for"
exit $((failures > 0))
