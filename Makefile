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
PREFIX ?= /usr/local
ABI_MAJOR := 0
VERSION := 0.1.0
PACKAGES := libuv libssl libcrypto zlib liblz4 libzstd

CORE := Sources/CRocketCore
CORE_SOURCES = $(sort $(wildcard $(CORE)/*/*.c))
CORE_HEADERS = $(sort $(wildcard $(CORE)/include/*.h) $(wildcard $(CORE)/*/*.h))
TEST_SOURCES = $(sort $(wildcard Tests/CoreTests/*.c))
TEST_HEADERS = $(sort $(wildcard Tests/CoreTests/*.h))

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
CORE_CFLAGS = -std=gnu17 -fPIC $(WARNINGS) -I$(CORE)/include -I$(CORE) $(shell pkg-config --cflags $(PACKAGES))
CORE_LIBS = $(shell pkg-config --libs $(PACKAGES)) -lpthread

# A flavour is a directory under build/: plain is optimised, the others are for finding faults.
FLAVOUR ?= plain
FLAVOUR_plain := -O2 -g
FLAVOUR_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAVOUR_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
BUILD = build/$(FLAVOUR)
CFLAGS_ALL = $(FLAVOUR_$(FLAVOUR)) $(CORE_CFLAGS)

# The Swift toolchain's clang keeps what its thread sanitizer needs in the Swift library folder.
SWIFT_LIB := $(wildcard $(dir $(shell command -v swiftc 2>/dev/null))../lib/swift/linux)
LINK_tsan = $(if $(findstring clang,$(CC)),$(if $(SWIFT_LIB),-L$(SWIFT_LIB) -Wl$(comma)-rpath$(comma)$(SWIFT_LIB) -ldispatch -lBlocksRuntime))
comma := ,

CORE_OBJECTS = $(CORE_SOURCES:$(CORE)/%.c=$(BUILD)/core/%.o)
TEST_OBJECTS = $(TEST_SOURCES:Tests/CoreTests/%.c=$(BUILD)/tests/%.o)

.PHONY: help
help:
	@sed -n 's/^##  *//p' $(MAKEFILE_LIST)

$(BUILD)/core/%.o: $(CORE)/%.c $(CORE_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/tests/%.o: Tests/CoreTests/%.c $(CORE_HEADERS) $(TEST_HEADERS)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -ITests/CoreTests -c $< -o $@

$(BUILD)/librocketcore.a: $(CORE_OBJECTS)
	@mkdir -p $(@D)
	rm -f $@ && ar rcs $@ $^

$(BUILD)/core-tests: $(TEST_OBJECTS) $(BUILD)/librocketcore.a
	$(CC) $(FLAVOUR_$(FLAVOUR)) $^ -o $@ $(CORE_LIBS) $(LINK_$(FLAVOUR))

.PHONY: test-c
##  make test-c        the C tests (ONLY=substring: some of them)
test-c: $(BUILD)/core-tests
	$(BUILD)/core-tests $(ONLY)
