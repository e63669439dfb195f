#!/bin/sh
# tools/bootstrap with dpkg-query, apt-get, id and sudo faked: what it would install, as whom, and
# what it says when it cannot.
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failures=0
export BOOTSTRAP_WAIT=0

# The fakes live in $dir/bin, beside the few programs that the script itself needs.
mkdir "$dir/bin"
for tool in sh sed grep tr sort env cat sleep; do
	ln -s "$(command -v $tool)" "$dir/bin/$tool"
done

fake() {
	cat >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}

# Every package is installed but those listed in $dir/absent; a good apt-get empties that list.
fake_debian() {
	fake dpkg-query <<-'END'
		#!/bin/sh
		shift 2
		for p; do
			grep -qxF -e "$p" "$FAKE/absent" || echo "$p ii "
		done
	END
	fake apt-get <<-'END'
		#!/bin/sh
		echo "apt-get $*" >>"$FAKE/calls"
		echo "frontend $DEBIAN_FRONTEND as ${FAKE_SUDO:-self}" >>"$FAKE/calls"
		if [ -s "$FAKE/fail" ]; then
			sed -i 1d "$FAKE/fail"
			echo "E: Could not get lock" >&2
			exit 100
		fi
		case " $* " in *" install "*) : >"$FAKE/absent" ;; esac
	END
	fake id <<-'END'
		#!/bin/sh
		echo 0
	END
}

# run EXPECTED_STATUS ARGUMENTS...: output in $dir/out, calls of apt-get in $dir/calls
run() {
	want=$1
	shift
	: >"$dir/calls"
	PATH="$dir/bin" FAKE="$dir" "$dir/bin/sh" "$root/tools/bootstrap" "$@" \
		>"$dir/out" 2>&1 </dev/null
	got=$?
	[ $got = "$want" ] || fail "status $got instead of $want: bootstrap $*"
}

fail() {
	echo "FAIL $test: $*"
	sed 's/^/    | /' "$dir/out" "$dir/calls"
	failures=$((failures + 1))
}

has() {
	grep -qF -e "$2" "$dir/$1" || fail "no '$2' in $1"
}

hasnt() {
	! grep -qF -e "$2" "$dir/$1" || fail "'$2' in $1"
}

start() {
	test=$1
	rm -f "$dir/bin/sudo" "$dir/fail"
	: >"$dir/absent"
	fake_debian
}

start "nothing is missing"
run 0 build test lint fuzz bench
[ ! -s "$dir/out" ] || fail "not silent"
[ ! -s "$dir/calls" ] || fail "apt-get was called"

start "installs exactly what is missing, as root"
printf 'ninja-build\nlibcmocka-dev\nshellcheck\n' >"$dir/absent"
run 0 build test
has out "installing: libcmocka-dev ninja-build"
has calls "update"
has calls "install --no-install-recommends libcmocka-dev ninja-build"
hasnt calls "shellcheck"
has calls "frontend noninteractive as self"

start "through sudo when not root"
echo gcc >"$dir/absent"
fake id <<-'END'
	#!/bin/sh
	echo 1000
END
fake sudo <<-'END'
	#!/bin/sh
	[ "$1" = -n ] && shift
	FAKE_SUDO=sudo exec "$@"
END
run 0 build
has calls "install --no-install-recommends gcc"
has calls "as sudo"

start "neither root nor sudo"
printf 'libcmocka-dev\ng++\n' >"$dir/absent"
fake id <<-'END'
	#!/bin/sh
	echo 1000
END
run 1 test
has out "root or sudo"
has out "g++"
[ ! -s "$dir/calls" ] || fail "apt-get was called"

start "a lock that goes away is tried again"
echo gcc >"$dir/absent"
echo once >"$dir/fail"
run 0 build
has out "trying once more"
has out "installed: gcc"

start "apt-get that keeps failing"
echo gcc >"$dir/absent"
printf 'a\nb\nc\nd\n' >"$dir/fail"
run 1 build
has out "please install"
has out "gcc"

start "no Debian"
rm "$dir/bin/dpkg-query" "$dir/bin/apt-get"
run 1 build
has out "not a Debian system"
has out "cmake"
has out "ninja-build"

start "unknown group"
run 2 nonsense
has out "no group 'nonsense'"

[ $failures = 0 ] && echo "all cases passed"
exit $((failures > 0))
