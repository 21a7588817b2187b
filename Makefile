# SPDX-License-Identifier: Apache-2.0
# Copyright the RocketMQ client for Swift and C authors
#
# Everything the project does is a verb here; `make help` lists them.

SHELL := /bin/bash
CC ?= cc
ifeq ($(origin CC),default)
CC := $(shell command -v clang || command -v cc)
endif
SWIFT ?= swift
AR ?= ar
PREFIX ?= /usr/local
DESTDIR ?=
JOBS ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
ABI_MAJOR := 0
VERSION := 0.1.0
PACKAGES := libuv libssl libcrypto zlib liblz4 libzstd

CORE := Sources/CRocketCore
CORE_SOURCES = $(sort $(wildcard $(CORE)/*/*.c))
CORE_HEADERS = $(sort $(wildcard $(CORE)/include/*.h) $(wildcard $(CORE)/*/*.h))
TEST_SOURCES = $(sort $(wildcard Tests/CoreTests/*.c))
# C helpers that the Swift tests use, too: a folder with its public header for each.
TEST_HELPERS := MallocCount TestCertificates
TEST_HELPER_FLAGS := $(TEST_HELPERS:%=-ITests/%/include)
TEST_HEADERS = $(sort $(wildcard Tests/CoreTests/*.h) $(foreach helper,$(TEST_HELPERS),$(wildcard Tests/$(helper)/include/*.h)))

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CORE_CFLAGS = -std=gnu17 -fPIC $(WARNINGS) -I$(CORE)/include -I$(CORE) $(shell pkg-config --cflags $(PACKAGES))
CORE_LIBS = $(shell pkg-config --libs $(PACKAGES)) -lpthread

# A flavour is a directory under build/: plain is optimised, the others are for finding faults.
FLAVOUR ?= plain
FLAVOUR_plain := -O2 -g
FLAVOUR_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
FLAVOUR_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
BUILD = build/$(FLAVOUR)
CFLAGS_ALL = $(FLAVOUR_$(FLAVOUR)) $(CORE_CFLAGS)

# The Swift toolchain's clang keeps what its thread sanitizer needs in the Swift library folder.
SWIFT_LIB := $(wildcard $(dir $(shell command -v swiftc 2>/dev/null))../lib/swift/linux)
# The compiler's own linker: the one it takes by default warns about every symbol of the address sanitizer.
LINK_asan = $(if $(findstring clang,$(CC)),$(if $(wildcard $(dir $(CC))ld.lld),-fuse-ld=lld))
LINK_fuzz = $(LINK_asan)
LINK_tsan = $(if $(findstring clang,$(CC)),$(if $(SWIFT_LIB),-L$(SWIFT_LIB) -Wl$(comma)-rpath$(comma)$(SWIFT_LIB) -ldispatch -lBlocksRuntime))
comma := ,

# Compiler commands are shown with V=1; without, only what is being made.
Q = $(if $(V),,@echo '  $(FLAVOUR): $(@:$(BUILD)/%=%)';)

# All processors, unless make was told how many.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS))

# Homebrew keeps OpenSSL out of pkg-config's default path.
ifneq ($(wildcard /opt/homebrew/opt/openssl@3/lib/pkgconfig),)
export PKG_CONFIG_PATH := /opt/homebrew/opt/openssl@3/lib/pkgconfig:$(PKG_CONFIG_PATH)
endif

# What the shared library is called, and how only the public names leave it.
ifeq ($(shell uname),Darwin)
SHARED_LINK := librocketcore.dylib
SHARED := librocketcore.$(ABI_MAJOR).dylib
SHARED_FLAGS = -dynamiclib -install_name $(PREFIX)/lib/$(SHARED) -Wl,-exported_symbol,'_rocket_[a-z]*'
else
SHARED_LINK := librocketcore.so
SHARED := librocketcore.so.$(ABI_MAJOR)
SHARED_FLAGS = -shared -Wl,-soname,$(SHARED) -Wl,--version-script,Scripts/exports.map -Wl,--as-needed,-z,defs,-z,relro,-z,now
endif

CORE_OBJECTS = $(CORE_SOURCES:$(CORE)/%.c=$(BUILD)/core/%.o)
TEST_OBJECTS = $(TEST_SOURCES:Tests/CoreTests/%.c=$(BUILD)/tests/%.o) $(BUILD)/tests/malloc_count.o $(BUILD)/tests/test_certificates.o

##  Verbs:
.PHONY: help
##  make help          this list
help:
	@sed -n 's/^##  *//p' $(MAKEFILE_LIST)

.PHONY: setup setup-core setup-bench
##  make setup         installs what is missing, or says what to install (the verbs below call it themselves)
setup:
	@SWIFT='$(SWIFT)' Scripts/setup
setup-core:
	@Scripts/setup core
setup-bench:
	@Scripts/setup bench

.PHONY: demo
##  make demo          the main job on the embedded broker: this repository's lines through two consumers, none lost
demo: setup
	$(SWIFT) build -c release --product rocketmq
	$(SWIFT) build -c release --product rocketmq-demo
	@"$$($(SWIFT) build -c release --show-bin-path)/rocketmq-demo" --directory '$(CURDIR)'

.PHONY: build
##  make build         the Swift libraries and the commands rocketmq and rocketmq-demo, optimised, under .build/release
build: setup
	$(SWIFT) build -c release

.PHONY: test
##  make test          everything that must pass: test-c, test-swift, test-examples, allocations
test: test-c test-swift test-examples allocations

$(BUILD)/core/%.o: $(CORE)/%.c $(CORE_HEADERS) | setup-core
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/tests/%.o: Tests/CoreTests/%.c $(CORE_HEADERS) $(TEST_HEADERS) | setup-core
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -ITests/CoreTests $(TEST_HELPER_FLAGS) -DFIXTURES='"$(CURDIR)/Tests/Fixtures"' -c $< -o $@

$(BUILD)/tests/%.o: Tests/MallocCount/%.c $(TEST_HEADERS) | setup-core
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_HELPER_FLAGS) -c $< -o $@

$(BUILD)/tests/%.o: Tests/TestCertificates/%.c $(TEST_HEADERS) | setup-core
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_HELPER_FLAGS) -c $< -o $@

$(BUILD)/librocketcore.a: $(CORE_OBJECTS)
	@mkdir -p $(@D)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/$(SHARED): $(CORE_OBJECTS) Scripts/exports.map
	$(Q)$(CC) $(FLAVOUR_$(FLAVOUR)) $(SHARED_FLAGS) $(CORE_OBJECTS) -o $@ $(CORE_LIBS)

$(BUILD)/rocketcore.pc: Scripts/rocketcore.pc.in Makefile
	@mkdir -p $(@D)
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

$(BUILD)/core-tests: $(TEST_OBJECTS) $(BUILD)/librocketcore.a
	$(Q)$(CC) $(FLAVOUR_$(FLAVOUR)) $^ -o $@ $(CORE_LIBS) $(LINK_$(FLAVOUR))

.PHONY: test-c
##  make test-c        the C tests (ONLY=substring: some of them)
test-c: setup-core
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/core-tests FLAVOUR=$(FLAVOUR)
	$(BUILD)/core-tests $(ONLY)

# Tests wait for real time-outs of a second or so: more of them at once than the machine can carry would fail for want of a processor.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= $(shell echo $$((2 * $(JOBS))))

.PHONY: test-swift
##  make test-swift    the Swift tests (ONLY=regular expression: some of them)
test-swift: setup
	$(SWIFT) test --disable-xctest --no-parallel $(if $(ONLY),--filter '$(ONLY)')

.PHONY: test-examples
##  make test-examples the C and Python examples against the installed library, beside a Swift member (ONLY=substring: some of them)
test-examples: setup
	@Scripts/setup python
	@mkdir -p build && $(MAKE) --no-print-directory install PREFIX='$(CURDIR)/build/prefix' DESTDIR= >build/install.log
	$(SWIFT) build --product rocketmq
	@export PKG_CONFIG_PATH='$(CURDIR)/build/prefix/lib/pkgconfig'; \
	  $(MAKE) --no-print-directory -B -C Examples/c CC='$(CC)' OUT='$(CURDIR)/build/examples' && \
	  "$$(Scripts/setup which-python)" Tests/ExampleTests/run_examples.py "$$($(SWIFT) build --show-bin-path)/rocketmq" build/examples $(ONLY)

.PHONY: allocations
##  make allocations   how often a Swift consumer calls malloc for a message: once
allocations: setup
	$(SWIFT) build --product AllocationGate
	@"$$($(SWIFT) build --show-bin-path)/AllocationGate"

# Under a sanitizer consumers start and stop more often than in a plain run.
CYCLES ?= 2000
SANITIZED = ROCKETMQ_SOAK_CYCLES=$(CYCLES) ROCKETMQ_SANITIZER=$(1) $(SWIFT) test --disable-xctest --no-parallel --sanitize=$(1) \
	--scratch-path .build/$(2) --filter '$(or $(ONLY),RocketMQTests|EmbeddedBrokerTests)'

.PHONY: asan tsan soak
##  make asan          the C tests, then the Swift tests, under the address (C: and undefined-behaviour) sanitizer (ONLY=: some Swift tests)
asan: setup
	$(if $(ONLY),,@$(MAKE) --no-print-directory test-c FLAVOUR=asan)
	$(call SANITIZED,address,asan)
##  make tsan          the same under the thread sanitizer
tsan: setup
	$(if $(ONLY),,@$(MAKE) --no-print-directory test-c FLAVOUR=tsan)
	TSAN_OPTIONS="suppressions=$(CURDIR)/Scripts/tsan-suppressions $$TSAN_OPTIONS" \
	$(call SANITIZED,thread,tsan) -Xswiftc -DTHREAD_SANITIZER
##  make soak CYCLES=n n consumers start and stop at random moments (default 2000): nothing may be left of them
soak: setup
	ROCKETMQ_SOAK_CYCLES=$(CYCLES) $(SWIFT) test --disable-xctest --no-parallel --filter StartStopTests

.PHONY: model
##  make model         checks every interleaving of the process queue's model (needs spin)
model:
	CC='$(CC)' Scripts/model

.PHONY: fuzz
##  make fuzz SECONDS=60    every decoder against random bytes, so many seconds each, JOBS at a time (needs clang; ONLY=substring: some)
SECONDS ?= 60
fuzz: setup-core
	@$(MAKE) --no-print-directory $(PARALLEL) FLAVOUR=fuzz fuzzers
	@Scripts/fuzz build/fuzz '$(SECONDS)' '$(JOBS)' '$(ONLY)'

# What some fuzzers share with the C tests.
FUZZ_SUPPORT = $(patsubst %,$(BUILD)/tests/%.o,reference_queue queue_life failing_allocator recording test malloc_count)

.PHONY: fuzzers
fuzzers: $(patsubst Fuzz/%.c,$(BUILD)/%.run,$(wildcard Fuzz/fuzz_*.c)) $(BUILD)/tables.dict $(BUILD)/seeds

$(BUILD)/libfuzzsupport.a: $(FUZZ_SUPPORT)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/fuzz_%.run $(BUILD)/seeds.run $(BUILD)/dictionary.run: FUZZ_LINK = $(CC) $(CFLAGS_ALL) -ITests/CoreTests
$(BUILD)/fuzz_%.run: Fuzz/fuzz_%.c Fuzz/fuzz.h $(BUILD)/libfuzzsupport.a $(BUILD)/librocketcore.a
	$(Q)$(FUZZ_LINK) -fsanitize=fuzzer $(filter-out %.h,$^) -o $@ $(CORE_LIBS) $(LINK_fuzz)

$(BUILD)/seeds.run $(BUILD)/dictionary.run: $(BUILD)/%.run: Fuzz/%.c $(BUILD)/libfuzzsupport.a $(BUILD)/librocketcore.a
	$(Q)$(FUZZ_LINK) $^ -o $@ $(CORE_LIBS) $(LINK_fuzz)

$(BUILD)/tables.dict: $(BUILD)/dictionary.run
	$(Q)$< > $@

$(BUILD)/seeds: $(BUILD)/seeds.run $(wildcard Tests/Fixtures/wire/*/*.jsonl)
	$(Q)rm -rf $@ && mkdir -p $@ && $< $@

BENCH_SOURCES = $(sort $(wildcard Benchmarks/core/*.c))
BENCH_HEADERS = $(wildcard Benchmarks/core/*.h)
$(BUILD)/bench/%.o: Benchmarks/core/%.c $(CORE_HEADERS) $(BENCH_HEADERS) | setup-bench
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $$(pkg-config --cflags libcjson) -c $< -o $@

$(BUILD)/core-bench: $(BENCH_SOURCES:Benchmarks/core/%.c=$(BUILD)/bench/%.o) $(BUILD)/librocketcore.a
	$(Q)$(CC) $(FLAVOUR_$(FLAVOUR)) $^ -o $@ $(CORE_LIBS) $$(pkg-config --libs libcjson) -lm $(LINK_$(FLAVOUR))

$(BUILD)/core-drain: Benchmarks/clients/core_drain.c $(BUILD)/librocketcore.a | setup-core
	$(Q)$(CC) $(CFLAGS_ALL) $^ -o $@ $(CORE_LIBS) $(LINK_$(FLAVOUR))

.PHONY: bench bench-core
##  make bench         the hot paths against baselines of the same run: a table, or JSON lines when piped (ONLY=substring; QUICK=1: do they work?)
bench:
	@MAKE='$(MAKE)' SWIFT='$(SWIFT)' Scripts/bench $(if $(QUICK),--quick) $(ONLY)
bench-core: setup-bench
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/core-bench $(BUILD)/core-drain

.PHONY: core
##  make core          the C library alone, without Swift: build/plain/librocketcore.a, .so, rocketcore.pc
core: setup-core
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/librocketcore.a $(BUILD)/$(SHARED) FLAVOUR=$(FLAVOUR)
	@ln -sf $(SHARED) $(BUILD)/$(SHARED_LINK)

.PHONY: install
##  make install PREFIX=/usr/local    headers, libraries and rocketcore.pc (DESTDIR= for packagers)
install: core
	@rm -f $(BUILD)/rocketcore.pc && $(MAKE) --no-print-directory $(BUILD)/rocketcore.pc
	install -d '$(DESTDIR)$(PREFIX)/include/rocketcore' '$(DESTDIR)$(PREFIX)/lib/pkgconfig'
	install -m 644 $(CORE)/include/*.h '$(DESTDIR)$(PREFIX)/include/rocketcore'
	install -m 644 $(BUILD)/librocketcore.a '$(DESTDIR)$(PREFIX)/lib'
	install -m 755 $(BUILD)/$(SHARED) '$(DESTDIR)$(PREFIX)/lib'
	ln -sf $(SHARED) '$(DESTDIR)$(PREFIX)/lib/$(SHARED_LINK)'
	install -m 644 $(BUILD)/rocketcore.pc '$(DESTDIR)$(PREFIX)/lib/pkgconfig'

.PHONY: uninstall
##  make uninstall PREFIX=/usr/local  takes away what make install put there
uninstall:
	rm -rf '$(DESTDIR)$(PREFIX)/include/rocketcore'
	cd '$(DESTDIR)$(PREFIX)/lib' && rm -f librocketcore.a $(SHARED) $(SHARED_LINK) pkgconfig/rocketcore.pc

.PHONY: abi
##  make abi           measures the C library's ABI into Sources/CRocketCore/rocketcore.abi (make lint compares)
abi: core
	@CC='$(CC)' VERSION='$(VERSION)' ABI_MAJOR='$(ABI_MAJOR)' Scripts/abi write $(BUILD)/$(SHARED)

.PHONY: lint
##  make lint          headers, layers, exported names, static data, formatting: prints what breaks a rule of the house
lint: setup core
	@CC='$(CC)' SWIFT='$(SWIFT)' VERSION='$(VERSION)' ABI_MAJOR='$(ABI_MAJOR)' Scripts/lint $(BUILD)/librocketcore.a $(BUILD)/$(SHARED)

.PHONY: docs
##  make docs          the documentation of the Swift API as web pages, under build/docs
docs: setup
	@Scripts/docs

.PHONY: format
##  make format        formats the Swift sources in place (.swift-format)
format: setup
	$(SWIFT) format format --in-place --recursive --parallel Sources Tests Examples Package.swift

.PHONY: clean
##  make clean         removes build/ and .build/
clean:
	rm -rf build .build
