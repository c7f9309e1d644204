# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# rpcsentry: see README.md. `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
sysconfdir ?= /etc
bindir ?= $(PREFIX)/bin
mandir ?= $(PREFIX)/share/man
datadir ?= $(PREFIX)/share/rpcsentry
unitdir ?= $(PREFIX)/lib/systemd/system
catalogdir ?= $(PREFIX)/lib/systemd/catalog

ifeq ($(origin CC),default)
CC := gcc
endif
CLANG ?= clang
CLANG_FORMAT ?= clang-format
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKGS := libbpf libelf libpcap yaml-0.1 libsystemd libcap nettle jansson
VERSION := 0.1.0
COMMIT := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wformat=2 -Werror
CFLAGS ?= -O2 -g
IS_GCC := $(findstring Free Software,$(shell $(CC) --version 2>&1))
# The sensor is optimised as a whole, which is worth a seventh of its time; tests link the objects
# as they are. `make LTO=` leaves it out, for a quicker build.
LTO ?= $(if $(IS_GCC),-flto=auto -ffat-lto-objects)
# On x86-64 GCC copies and clears structures of up to 8 KiB by `rep movs` and `rep stos`: 440 bytes
# take 13 ns, and 6 in the C library.
LIBCALLS := unrolled_loop:64:noalign,libcall:-1:noalign
COPIES ?= $(if $(and $(IS_GCC),$(filter x86_64-%,$(shell $(CC) -dumpmachine))), \
	-mmemcpy-strategy=$(LIBCALLS) -mmemset-strategy=$(LIBCALLS))
# GCC compiles it twice: first with counters, and then by what these say of a run over made-up
# traffic (scripts/train.sh): which way branches go, and what code lies together. That is worth a
# tenth. `make PGO=` leaves it out, for a quicker build. What was never run is compiled as ever.
PGO ?= $(if $(IS_GCC),yes)
PROFILE := $(BUILD)/profile
BY_PROFILE := $(if $(PGO),-fprofile-use -fprofile-partial-training -fprofile-correction \
	-Wno-missing-profile -Wno-coverage-mismatch)
# Static functions are known by the name of the object that counted. To ccache it is all the same
# where an object counts, and what was counted.
NO_CCACHE := CCACHE_DISABLE=1
CC_BY_PROFILE = $(if $(PGO),$(NO_CCACHE) $(CC) $(BY_PROFILE) -dumpdir $(PROFILE)/$(dir $(1)),$(CC))
SKELETON := $(or $(GIVEN_SKELETON),$(BUILD)/rpcsentry.skel.h)
INCLUDES := -Iinclude -I$(BUILD) -I$(dir $(SKELETON)) -Iuser
ALL_CFLAGS := -std=gnu11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE $(INCLUDES) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDLIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null)
BPF_CFLAGS := -O2 -g -target bpf -mcpu=v3 -Wall -Wextra -Wshadow -Werror \
	-Wno-unused-parameter -I. -Iinclude

SOURCES := $(wildcard user/*.c user/*/*.c)
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
LIBRARY := $(BUILD)/librpcsentry.a
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
KERNEL_TESTS := $(patsubst tests/kernel/%.c,$(BUILD)/tests/%,$(wildcard tests/kernel/test_*.c))
BENCH_PROGRAMS := $(addprefix $(BUILD)/bench/,bench_packet bench_growth bench_growth_kernel \
	bench_ring empty live traffic)
MAN_PAGES := $(patsubst docs/%.scd,$(BUILD)/man/%,$(wildcard docs/*.scd))
C_FILES := $(wildcard bpf/*.[ch] include/rpcsentry/*.h user/*.[ch] user/*/*.[ch] tests/*/*.[ch])

# What a fuzz target may link: all that neither attaches to an interface nor runs as the agent.
FUZZ_TIME ?= 60
FUZZ_LIBRARY := $(BUILD)/fuzz/librpcsentry.a
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SOURCES := $(addprefix user/source/,native.c state.c state_tables.c ports.c) \
	$(wildcard $(patsubst %,user/%/*.c,base stream match policy detect services output))
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(BUILD)/fuzz/%.o)
FUZZ_CFLAGS := $(ALL_CFLAGS) -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all

# A line for each step; V=1 shows the commands.
Q := $(if $(V),,@)
SAY := $(if $(V),:,echo)

# Sub-makes of `test`, `demo` and `run` use all cores, unless -j was given.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
SUBMAKE = $(MAKE) --no-print-directory $(PARALLEL)
# Warnings and errors are still shown.
QUIET_BUILD = echo "rpcsentry: building"; $(SUBMAKE) SAY=:

.PHONY: all
all: $(BUILD)/rpcsentry #: build the sensor at build/rpcsentry

$(BUILD)/rpcsentry: $(BUILD)/user/main.o $(LIBRARY)
	@$(SAY) "  LD    $@"
	$(Q)$(CC) $(ALL_CFLAGS) $(LTO) $(COPIES) $(BY_PROFILE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIBRARY): $(filter-out $(BUILD)/user/main.o,$(OBJECTS)) $(BUILD)/objects.stamp
	@$(SAY) "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/%.o: %.c $(BUILD)/flags.stamp | $(SKELETON) $(if $(PGO),$(PROFILE)/stamp)
	@mkdir -p $(@D)
	@$(SAY) "  CC    $<"
	$(Q)$(call CC_BY_PROFILE,$*) $(ALL_CFLAGS) $(LTO) $(COPIES) $(FILE_CFLAGS) -MMD -MP -c -o $@ $<

# .incbin is invisible to -MMD.
$(BUILD)/user/policy/default_text.o: config/default.yaml

# Only this file knows the version, so that a new commit rebuilds nothing else.
$(BUILD)/user/version.o: $(BUILD)/version.stamp
$(BUILD)/user/version.o: private FILE_CFLAGS = \
	-DRPCSENTRY_VERSION='"$(VERSION)"' -DRPCSENTRY_COMMIT='"$(COMMIT)"'

$(BUILD)/rpcsentry.bpf.o: bpf/rpcsentry.bpf.c $(BUILD)/flags.stamp
	@mkdir -p $(@D)
	@$(SAY) "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

# Made once, and again with other flags: a profile is of use when some lines have changed since.
$(PROFILE)/stamp: $(BUILD)/flags.stamp scripts/train.sh | $(SKELETON)
	@$(SAY) "  TRAIN $(@D)"
	$(Q)rm -rf $(@D)
	$(Q)$(NO_CCACHE) $(MAKE) --no-print-directory BUILD=$(@D) PGO= LTO= SAY=: GIVEN_SKELETON=$(SKELETON) \
		CFLAGS='$(CFLAGS) -fprofile-generate' $(@D)/rpcsentry $(@D)/traffic
	$(Q)scripts/train.sh $(@D)
	$(Q)touch $@

$(BUILD)/traffic: tests/bench/traffic.c
	$(Q)$(CC) $(ALL_CFLAGS) -Itests -o $@ $<

ifdef GIVEN_SKELETON
# It is there by now, but for `make -n`.
$(SKELETON): ;
else
$(SKELETON): $(BUILD)/rpcsentry.bpf.o
	@$(SAY) "  SKEL  $@"
	$(Q)$(BPFTOOL) gen skeleton $< name rpcsentry_bpf >$@.tmp
	$(Q)mv $@.tmp $@
endif

TEST_LTO := $(if $(LTO),-fno-lto)
# What measures the agent's own code has it as the sensor does.
$(BUILD)/bench/bench_growth: private TEST_LTO := $(LTO)

define TEST_RULE
@mkdir -p $(@D)
@$(SAY) "  TEST  $<"
$(Q)$(CC) $(ALL_CFLAGS) $(TEST_LTO) -Itests -MMD -MP -MF $@.d -o $@ $< $(LIBRARY) -lcmocka $(LDLIBS)
endef

$(BUILD)/tests/%: tests/unit/%.c $(LIBRARY)
	$(TEST_RULE)

$(BUILD)/tests/%: tests/kernel/%.c $(LIBRARY)
	$(TEST_RULE)

$(BUILD)/bench/%.bpf.o: tests/bench/%.bpf.c $(BUILD)/flags.stamp
	@mkdir -p $(@D)
	@$(SAY) "  BPF   $<"
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/bench/%.skel.h: $(BUILD)/bench/%.bpf.o
	@$(SAY) "  SKEL  $@"
	$(Q)$(BPFTOOL) gen skeleton $< name $* >$@.tmp
	$(Q)mv $@.tmp $@

$(BUILD)/bench/%: tests/bench/%.c $(LIBRARY)
	$(TEST_RULE)

$(BUILD)/bench/bench_packet: $(BUILD)/bench/yardstick.skel.h
$(BUILD)/bench/bench_growth_kernel: $(BUILD)/bench/growth.skel.h
$(BUILD)/bench/live: $(BUILD)/bench/live.skel.h

$(BUILD)/fuzz/user/policy/default_text.o: config/default.yaml

$(BUILD)/fuzz/user/%.o: user/%.c $(BUILD)/fuzz/flags.stamp
	@mkdir -p $(@D)
	@$(SAY) "  FUZZ  $<"
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ_LIBRARY): $(FUZZ_OBJECTS) $(BUILD)/fuzz/flags.stamp
	@$(SAY) "  AR    $@"
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_LIBRARY)
	@mkdir -p $(@D)
	@$(SAY) "  FUZZ  $<"
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -fsanitize=fuzzer -Itests -MMD -MP -MF $@.d -o $@ $< \
		$(FUZZ_LIBRARY) $(LDLIBS)

$(BUILD)/man/%: docs/%.scd
	@mkdir -p $(@D)
	@$(SAY) "  MAN   $@"
	$(Q)scdoc <$< >$@.tmp
	$(Q)mv $@.tmp $@

# A stamp changes only when its text does: other flags, another commit or a removed source file
# rebuild what they touch, and nothing else. The `+` has `make -n` know that too.
STAMP = +@mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@

$(BUILD)/flags.stamp: FORCE
	$(call STAMP,$(CC) $(ALL_CFLAGS) $(LTO) $(COPIES) $(BY_PROFILE) | $(CLANG) $(BPF_CFLAGS))
$(BUILD)/objects.stamp: FORCE
	$(call STAMP,$(OBJECTS))
$(BUILD)/fuzz/flags.stamp: FORCE
	$(call STAMP,$(CLANG) $(FUZZ_CFLAGS) $(FUZZ_OBJECTS))
$(BUILD)/version.stamp: FORCE
	$(call STAMP,$(VERSION) $(COMMIT))
FORCE:

.PHONY: tests
tests: $(UNIT_TESTS) $(KERNEL_TESTS) $(BENCH_PROGRAMS) #: build the test programs

.PHONY: deps
deps: #: install what building, the demo and the tests need (apt-get, as root)
	@scripts/install-deps.sh build lab test

.PHONY: demo
demo: #: install, build, and show the sensor at work in a lab of its own
	@scripts/install-deps.sh build lab
	@$(QUIET_BUILD) all
	@BUILD=$(BUILD) scripts/demo.sh

.PHONY: test
test: #: install, build, and run every test
	@scripts/install-deps.sh build lab test
	@$(QUIET_BUILD) all tests
	@BUILD=$(BUILD) tests/run $(TESTS)

.PHONY: fuzz fuzz-targets
fuzz-targets: $(FUZZ_TARGETS)
fuzz: #: FUZZ_TIME=60 seconds of each fuzz target, two at a time, from the kept inputs
	@scripts/install-deps.sh build test
	@BUILD=$(BUILD) RPCSENTRY_FUZZ_TIME=$(FUZZ_TIME) tests/run -v fuzz

# QUICK=1: fewer rounds and smaller captures.
BENCH_SCALE := --scale $(if $(QUICK),quick,full)

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)

.PHONY: bench bench-docs bench-live bench-read bench-stream bench-start bench-growth
bench: #: all that is measured, as one table, beside yardsticks of the same run (root; QUICK=1, ARGS=--json)
	@scripts/install-deps.sh build lab test bench
	@$(QUIET_BUILD) all bench-programs
	@BUILD=$(BUILD) tests/bench/bench.py $(BENCH_SCALE) $(ARGS)
bench-docs: #: the same, into docs/PERFORMANCE.md and docs/growth
	@$(MAKE) --no-print-directory bench ARGS=--docs
bench-live: #: records of two CPUs, wake-ups, and the largest rate without a loss (root)
bench-read: #: what `read` takes for captures of a million packets, beside tcpdump and tshark
bench-stream: #: what is left of a TCP stream's throughput through a gateway (root)
bench-start: #: from exec to ready, with small and large policies (root)
bench-growth: #: what a call costs by clients, flows, calls, rules: curves in build/bench (root)
bench-live bench-read bench-stream bench-start bench-growth:
	@scripts/install-deps.sh build lab test bench
	@$(QUIET_BUILD) all bench-programs
	@BUILD=$(BUILD) tests/bench/$(subst bench-,bench_,$@).py $(BENCH_SCALE) $(ARGS)

.PHONY: bench-policy
bench-policy: #: nanoseconds that a policy decision takes, by rules and addresses
	@$(QUIET_BUILD) $(BUILD)/bench/bench_policy
	@$(BUILD)/bench/bench_policy

.PHONY: bench-detect
bench-detect: #: nanoseconds and memory that each detection takes (ARGS=NAME for one)
	@$(QUIET_BUILD) $(BUILD)/bench/bench_detect
	@$(BUILD)/bench/bench_detect $(ARGS)

.PHONY: bench-eve
bench-eve: #: nanoseconds that a line of EVE JSON takes
	@$(QUIET_BUILD) $(BUILD)/bench/bench_eve
	@$(BUILD)/bench/bench_eve

.PHONY: vm
vm: #: the kernel tests on Debian 12's own kernel, in an emulator (fetches it)
	@scripts/install-deps.sh build test vm
	@$(QUIET_BUILD) all tests
	@BUILD=$(BUILD) tests/vm/run.sh

.PHONY: run
run: #: watch a real interface: make run IFACE=eth0 [ARGS='-m generic ...']
	@[ -n "$(IFACE)" ] || { echo "rpcsentry: run: no interface given; say make run IFACE=eth0" >&2; exit 2; }
	@scripts/install-deps.sh build
	@$(QUIET_BUILD) all
	@$(BUILD)/rpcsentry run -i $(IFACE) --text $(ARGS)

.PHONY: check check-format check-static check-includes check-headers check-text check-detections check-shell check-man
check: check-format check-static check-includes check-headers check-text check-detections check-shell check-man #: formatting, static analysis and the project's own lints
check-format:
	@$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)
check-static: $(SKELETON)
	@BUILD=$(BUILD) scripts/lint-static.sh
check-includes:
	@scripts/lint-includes.py
check-headers:
	@BUILD=$(BUILD) scripts/lint-headers.sh
check-text:
	@scripts/lint-text.py
check-detections:
	@scripts/lint-detections.py
check-shell:
	@scripts/lint-shell.sh
check-man: $(MAN_PAGES)
	@# scdoc writes more paragraph macros than it needs.
	@! mandoc -T lint -W warning $(MAN_PAGES) | grep -v 'skipping paragraph macro'

.PHONY: format
format: #: lay out all C files by clang-format
	$(CLANG_FORMAT) -i $(C_FILES)

.PHONY: install
install: all $(MAN_PAGES) #: install to PREFIX (/usr/local), under DESTDIR
	install -D -m 755 $(BUILD)/rpcsentry $(DESTDIR)$(bindir)/rpcsentry
	[ -e $(DESTDIR)$(sysconfdir)/rpcsentry/rpcsentry.yaml ] || \
		install -D -m 644 config/default.yaml $(DESTDIR)$(sysconfdir)/rpcsentry/rpcsentry.yaml
	install -D -m 644 schema/eve.json $(DESTDIR)$(datadir)/eve.json
	install -d $(DESTDIR)$(unitdir) $(DESTDIR)$(catalogdir) $(DESTDIR)$(mandir)/man8
	sed 's|@bindir@|$(bindir)|; s|@sysconfdir@|$(sysconfdir)|' systemd/rpcsentry.service \
		>$(DESTDIR)$(unitdir)/rpcsentry.service
	$(BUILD)/rpcsentry explain --catalog >$(DESTDIR)$(catalogdir)/rpcsentry.catalog
	$(if $(MAN_PAGES),install -m 644 $(MAN_PAGES) $(DESTDIR)$(mandir)/man8)
	$(if $(DESTDIR),,-journalctl --update-catalog)

.PHONY: uninstall
uninstall: #: remove what install put there; a policy that was changed stays
	rm -f $(DESTDIR)$(bindir)/rpcsentry $(DESTDIR)$(unitdir)/rpcsentry.service
	rm -f $(DESTDIR)$(catalogdir)/rpcsentry.catalog $(DESTDIR)$(datadir)/eve.json
	rm -f $(patsubst $(BUILD)/man/%,$(DESTDIR)$(mandir)/man8/%,$(MAN_PAGES))
	! cmp -s config/default.yaml $(DESTDIR)$(sysconfdir)/rpcsentry/rpcsentry.yaml || \
		rm -f $(DESTDIR)$(sysconfdir)/rpcsentry/rpcsentry.yaml
	-rmdir $(DESTDIR)$(datadir) $(DESTDIR)$(sysconfdir)/rpcsentry 2>/dev/null
	$(if $(DESTDIR),,-journalctl --update-catalog)

.PHONY: clean
clean: #: remove everything that was built
	rm -rf $(BUILD)

.PHONY: help
help: #: this list
	@sed -n 's/^\([a-z-]*\):.*#: \(.*\)/\1\t\2/p' Makefile | expand -t 14

-include $(OBJECTS:.o=.d) $(BUILD)/rpcsentry.bpf.d $(UNIT_TESTS:=.d) $(KERNEL_TESTS:=.d) \
	$(FUZZ_OBJECTS:.o=.d) $(FUZZ_TARGETS:=.d) $(wildcard $(BUILD)/bench/*.d)
