# Forwards to CMake, CTest and tools/. CMakePresets.json has what is built how.
# Variables: PREFIX, DESTDIR (install), FUZZ_SECONDS (fuzz), JOBS.
PREFIX ?= /usr/local
DESTDIR ?=
FUZZ_SECONDS ?= 60
JOBS ?= $(shell nproc)

CONFIGURE = cmake --preset
BUILD = cmake --build -j $(JOBS) --preset

.PHONY: all demo test test-long bench install format lint fuzz coverage tsan clean

all:
	@tools/bootstrap build
	@$(CONFIGURE) release >/dev/null
	@$(BUILD) release

demo:
	@tools/bootstrap build
	@$(CONFIGURE) release >/dev/null
	@$(BUILD) release --target hourglass-cli
	build/bin/hourglass demo

test:
	@tools/bootstrap build test
	@$(CONFIGURE) dev >/dev/null
	@$(BUILD) dev
	@ctest --preset dev -j $(JOBS)

test-long: test
	HG_LONG=1 ctest --preset dev -j $(JOBS) -L 'property|store' --timeout 3600
	$(MAKE) fuzz FUZZ_SECONDS=300

bench: all
	@tools/bootstrap bench
	@for b in build/bin/bench-*; do echo "# $$b"; $$b || exit 1; done

install: all
	@cmake --install build/release --prefix "$(PREFIX)"
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

format:
	@tools/bootstrap lint
	@tools/check-format --fix

lint:
	@tools/bootstrap build test lint
	@tools/lint

fuzz:
	@tools/bootstrap build fuzz
	@$(CONFIGURE) fuzz >/dev/null
	@$(BUILD) fuzz
	@tools/fuzz $(FUZZ_SECONDS)

coverage:
	@tools/bootstrap build test
	@tools/coverage

tsan:
	@tools/bootstrap build test
	@$(CONFIGURE) tsan >/dev/null
	@$(BUILD) tsan
	@ctest --preset tsan -j $(JOBS)

clean:
	rm -rf build
