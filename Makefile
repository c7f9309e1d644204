# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# rpcsentry: see README.md. `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= bpftool
PKGS := libbpf libelf libpcap yaml-0.1 libsystemd libcap nettle
VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wformat=2 -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -Iinclude -I$(BUILD) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wshadow -Werror \
	-Wno-unused-parameter -I. -Iinclude

SOURCES := $(wildcard user/*.c user/*/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/librpcsentry.a
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
KERNEL_TESTS := $(patsubst tests/kernel/%.c,$(BUILD)/tests/%,$(wildcard tests/kernel/test_*.c))
SKELETON := $(BUILD)/rpcsentry.skel.h

.PHONY: all
all: $(BUILD)/rpcsentry

$(BUILD)/rpcsentry: $(BUILD)/user/main.o $(LIBRARY)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(filter-out $(BUILD)/user/main.o,$(OBJECTS))
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c | $(SKELETON)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/rpcsentry.bpf.o: bpf/rpcsentry.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(SKELETON): $(BUILD)/rpcsentry.bpf.o
	$(BPFTOOL) gen skeleton $< name rpcsentry_bpf >$@.tmp
	mv $@.tmp $@

$(BUILD)/tests/%: tests/unit/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iuser -Itests -MMD -MP -MF $@.d -o $@ $< $(LIBRARY) -lcmocka -ljansson $(LDLIBS)

$(BUILD)/tests/%: tests/kernel/%.c $(LIBRARY)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -Iuser -Itests -MMD -MP -MF $@.d -o $@ $< $(LIBRARY) -lcmocka -ljansson $(LDLIBS)

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(BUILD)/rpcsentry.bpf.d $(UNIT_TESTS:=.d) $(KERNEL_TESTS:=.d)
