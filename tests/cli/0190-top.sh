#!/bin/sh
# top: one look, and the screen in a terminal of 80 by 24.
. "$(dirname "$0")/lib.sh"
mkdir root
export HOURGLASS_FS_ROOT="$work/root"
export HOURGLASS_NVML=/nonexistent

good top -d sim:h100 -d sim:a40 --once --interval 500ms
shows '^device  *power  *limit  *energy  *clock  *busy  *heat  *throttle'
shows '^sim:h100,realtime=1\*  *[67][0-9.]* W  *700 W  *[0-9.]* J  *345 MHz'
shows '^total .* of the devices that do not overlap$'
shows '^\* simulated$'
check "80 columns" test "$(awk '{ if (length($0) > m) m = length($0) } END { print m }' out)" -le 80

good top -d sim:h100 --json --interval 500ms
json .schema hourglass.top/1
json .simulated true
json '.devices[0].power_w > 50 and .devices[0].power_w < 90' true
json '.devices[0].limit_w' 700
json '.devices[0].processes' null
json '.elapsed_s >= 0.5' true

# The screen: drawn in a pseudo-terminal, ended by a key.
cat >drive.py <<-'PY'
	import os, pty, select, struct, sys, termios, time, fcntl
	pid, fd = pty.fork()
	if pid == 0:
	    os.environ.update(TERM="xterm", LC_ALL="C.UTF-8")
	    os.environ.pop("COLUMNS", None)
	    os.execv(sys.argv[1], sys.argv[1:])
	fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
	data, end, keys = b"", time.time() + 30, [b"j", b" ", b" ", b"+", b"-", b"q"]
	sent = time.time() + 2
	while time.time() < end:
	    if keys and time.time() > sent:
	        os.write(fd, keys.pop(0))
	        sent = time.time() + 0.2
	    if select.select([fd], [], [], 0.1)[0]:
	        try:
	            got = os.read(fd, 65536)
	        except OSError:
	            break
	        if not got:
	            break
	        data += got
	sys.stdout.buffer.write(data)
	sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
python3 drive.py "$HOURGLASS" top -d sim:h100 -d sim:a40 -i 200ms >screen 2>&1
check "q ends it" test $? = 0
check "the head is drawn" grep -qa 'hourglass top' screen
check "a device is drawn" grep -qa 'sim:a40' screen
check "the keys are told" grep -qa 'q quit' screen
if grep -qa "ERROR: \|runtime error" screen; then fail "sanitizer: $(cat screen)"; fi

run 2 top
says "hourglass top: standard input and output are no terminal; use --once"
run 2 top --once
says "hourglass top: no device here tells power or energy; 'hourglass doctor' says why"
bad top -d sim:h100 --once -i 1h
bad top -d sim:nothing --once
finish
