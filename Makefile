# The front door: each target is a few commands that may be typed as well.
# What is built and how stands in CMakeLists.txt and CMakePresets.json.

JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
PORT ?= 8080
FUZZ_SECONDS ?= 60
ARGS ?=

SOURCES = $(shell find src filters pac contrib tests -name '*.[ch]' | sort)
CTEST = ctest --output-on-failure --no-tests=error -j $(JOBS)

.PHONY: all run test asan tsan fuzz corpus lab format format-check tidy lint \
	install clean

# build/pared and build/pared-codec
all:
	@scripts/deps.sh build
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	    -DPARED_TESTS=OFF
	cmake --build --preset release -j $(JOBS)

run: all
	@test -e build/run.conf || cp conf/run.conf build/run.conf
	@echo
	@echo "pared starts on 127.0.0.1:$(PORT), for this machine alone."
	@echo "  look:   http://127.0.0.1:$(PORT)/"
	@echo "  use it: set your browser's proxy to 127.0.0.1, port $(PORT),"
	@echo "          or its automatic proxy configuration URL to"
	@echo "          http://127.0.0.1:$(PORT)/proxy.pac"
	@echo "  try:    curl -x 127.0.0.1:$(PORT) http://example.org/"
	@echo "  block:  the usual lists come by themselves in a minute, from the"
	@echo "          network; build/run.conf says which. Why is a URL blocked?"
	@echo "          build/pared why -c build/run.conf URL"
	@echo "  stop:   Ctrl-C"
	@echo
	@build/pared run -c build/run.conf -o Port=$(PORT) $(ARGS)

test:
	@scripts/deps.sh test
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	    -DPARED_TESTS=ON
	cmake --build --preset release -j $(JOBS)
	$(CTEST) --test-dir build

asan: export ASAN_OPTIONS = detect_stack_use_after_return=1
tsan: export TSAN_OPTIONS = suppressions=$(CURDIR)/tests/tsan.supp
# gcc 12's thread sanitizer cannot live with more random address bits.
tsan: CTEST := $(shell [ "$$(cat /proc/sys/vm/mmap_rnd_bits 2>&1)" -gt 28 ] \
	2>/dev/null && echo setarch -R) $(CTEST)

# Everything under a sanitizer. TESTS=REGEX takes only what matches.
asan tsan:
	@scripts/deps.sh test
	cmake --preset $@
	cmake --build --preset $@ -j $(JOBS)
	$(CTEST) --test-dir build/$@ $(if $(TESTS),-R '$(TESTS)')

build/fuzz: FORCE
	@scripts/deps.sh all
	cmake --preset fuzz
	cmake --build --preset fuzz -j $(JOBS)

.PHONY: FORCE
FORCE:

# Each parser for a minute against what libFuzzer makes of tests/corpus.
fuzz: build/fuzz
	scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS)

# The inputs that are kept, once each.
corpus: build/fuzz
	scripts/fuzz.sh build/fuzz 0

# pared-gateway in real kernels, as root: SCENES="wireguard crash", or all;
# WORLDS=qemu in an emulated machine that can do everything.
lab:
	@scripts/deps.sh lab
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
	    -DPARED_TESTS=ON
	cmake --build --preset release -j $(JOBS)
	tests/gateway/lab $(if $(WORLDS),-c "$(WORLDS)") $(SCENES)

format:
	clang-format -i $(SOURCES)

format-check:
	@scripts/deps.sh all
	clang-format --dry-run -Werror $(SOURCES)

tidy:
	@scripts/deps.sh all
	cmake --preset dev -DCMAKE_C_COMPILER=clang
	run-clang-tidy -p build/dev -quiet -j $(JOBS) \
	    "^$(CURDIR)/(src|filters|pac|contrib)/"

# cppcheck knows no <sys/queue.h>.
QUEUE = -D'LIST_HEAD(n,t)=struct n' -D'TAILQ_HEAD(n,t)=struct n' \
	-D'LIST_FOREACH(v,h,f)=while((v=next(h)))' \
	-D'TAILQ_FOREACH(v,h,f)=while((v=next(h)))'

lint:
	@scripts/deps.sh all
	cmake --preset dev
	cppcheck --project=build/dev/compile_commands.json -q -j $(JOBS) \
	    -itests --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 $(QUEUE)
	shellcheck -x -e SC2317 scripts/*.sh scripts/pre-commit .ci/run \
	    $(addprefix tests/gateway/,lab world init kernel state lib.sh page.sh) \
	    tests/gateway/scenes/*.sh
	mandoc -T lint -W warning conf/man/* contrib/gateway/man/*

install: all
	cmake --install build

clean:
	rm -rf build
