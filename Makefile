# credscore: credit scores as SQL functions
#
#   make && make install      builds and installs, as any PGXS module
#   make installcheck         tests against the running server
#   make check                installs what is missing, builds, runs every test
#                             in a private copy of PostgreSQL
#   make help                 lists the rest
#
# PG_CONFIG=/path/to/pg_config chooses the PostgreSQL to build for.

PG_CONFIG ?= pg_config

EXTENSION = credscore
MODULE_big = credscore

# The install scripts share sql/ with the inputs of pg_regress; "--" tells
# them apart.
DATA = $(wildcard sql/credscore--*.sql)
# The rooms of the source are folders; src/ROOMS says which may include which.
SRCS = $(sort $(wildcard src/*.c src/*/*.c))
OBJS = $(SRCS:.c=.o)

# The sandbox is a house of its own: core, a folder per provider, main.c.
SANDBOX = test/sandbox/credscore-sandbox
SANDBOX_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard \
	$(addprefix test/sandbox/,*.c */*.c */*/*.c))))
SANDBOX_LIBS = -lmicrohttpd -lgnutls -ljson-c -lz -lpthread -lm

# The bare clients that "make bench" measures against.
BENCH_PROGRAMS = bench/easy_loop bench/multi_window
BENCH_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard bench/*.c)))

# Libraries that tests preload into the server.
PRELOADS = $(patsubst %.c,%.so,$(sort $(wildcard test/preload/*.c)))

# Unit tests and fuzzers link what includes no PostgreSQL header: the rooms
# and files that src/ROOMS calls pure.
PURE := $(shell sed -n 's/^pure://p' src/ROOMS)
PURE_SRCS := $(sort $(wildcard $(foreach p,$(PURE),src/$(p)/*.c src/$(p).c)))
UNIT_OBJS = $(PURE_SRCS:.c=.o)
UNIT_LIB = test/unit/libcredscore.a
UNIT_TESTS = $(patsubst %.c,%,$(sort $(wildcard test/unit/test_*.c)))
SANDBOX_LIB = test/unit/libsandbox.a
SANDBOX_TESTS = $(filter test/unit/test_sandbox_%,$(UNIT_TESTS))
FUZZERS = $(patsubst %.c,%,$(sort $(wildcard test/fuzz/fuzz_*.c)))

# TESTS='setup 003' picks tests by the beginning of their names.
pick = $(if $(TESTS),$(foreach t,$(TESTS),$(filter $(t)%,$(1))),$(1))

SQL_TESTS := $(patsubst sql/%.sql,%,$(sort $(filter-out $(DATA),$(wildcard sql/*.sql))))
SQL_PICKED := $(call pick,$(filter-out setup,$(SQL_TESTS)))
REGRESS := $(if $(SQL_PICKED),$(filter setup,$(SQL_TESTS)) $(SQL_PICKED))

# Specs need a sandbox that runs, and a way to speak to it: SANDBOX_PORT says
# where, as scripts/check does.
SPECS := $(patsubst test/isolation/specs/%.spec,%,$(sort \
	$(wildcard test/isolation/specs/*.spec)))
SPECS_PICKED := $(call pick,$(filter-out setup,$(SPECS)))
ISOLATION := $(if $(SANDBOX_PORT),$(if $(SPECS_PICKED),setup $(SPECS_PICKED)))
ifdef SANDBOX_PORT
export PGOPTIONS := -c sandbox.port=$(SANDBOX_PORT) -c sandbox.control=$(CURDIR)/test/isolation/control
endif
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=test/isolation/output

TAP_FILES := $(sort $(wildcard test/t/*.pl))
PROVE_TESTS ?= $(addprefix test/t/,$(call pick,$(notdir $(TAP_FILES))))

# The demo and the check install packages or take a private copy of
# PostgreSQL first, so these goals do not need PGXS.
STANDALONE = help deps check check-lint check-unit check-model check-regress \
	check-isolation check-tap check-deep check-postgres demo bench format
GOALS := $(or $(MAKECMDGOALS),all)

ifneq ($(filter-out $(STANDALONE),$(GOALS)),)

PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)
ifeq ($(wildcard $(PGXS)),)
$(error PostgreSQL's server development files were not found through \
"$(PG_CONFIG)". On Debian, "make deps" installs them; elsewhere install them \
and pass PG_CONFIG=/path/to/pg_config)
endif

# "make WERROR=" builds with a compiler that knows more warnings than ours.
# PostgreSQL's own headers are not ours to judge: -isystem, which also makes
# gcc ignore the -I that PGXS adds for the same directory.
WERROR ?= -Werror
PG_CPPFLAGS = -isystem $(shell $(PG_CONFIG) --includedir-server) -iquote src -MMD -MP
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter $(WERROR)
SHLIB_LINK = -Wl,--version-script=src/credscore.map -lcurl -ljson-c

# Bitcode for inlining needs clang and doubles the build; a function that
# asks over the network gains nothing.  "make with_llvm=yes" builds it.
ifneq ($(origin with_llvm),command line)
override with_llvm := no
endif

# TAP needs IPC::Run, and initdb refuses root.
ifneq ($(filter installcheck,$(GOALS)),)
TAP_OBSTACLE := $(shell if test "$$(id -u)" = 0; then echo "not as root"; \
	elif ! command -v prove >/dev/null; then echo "prove is missing"; \
	elif ! perl -MIPC::Run -e 1 2>/dev/null; then echo "IPC::Run is missing"; fi)
ifneq ($(strip $(PROVE_TESTS)),)
ifeq ($(TAP_OBSTACLE),)
TAP_TESTS = 1
endif
endif
endif

# must stand before the include: PGXS writes its clean rule from it
EXTRA_CLEAN = $(SANDBOX) $(SANDBOX_OBJS) $(PRELOADS) $(UNIT_TESTS) $(UNIT_LIB) $(SANDBOX_LIB) \
	$(addsuffix .o,$(UNIT_TESTS)) $(FUZZERS) $(BENCH_PROGRAMS) $(BENCH_OBJS) \
	$(wildcard src/*.d src/*/*.d src/*.bc src/*/*.bc test/*/*.d test/sandbox/*/*.d \
	test/sandbox/*/*/*.d bench/*.d) test/isolation/output build

include $(PGXS)

# must stand after the include: PGXS sets it empty
PROVE_FLAGS += -I test/perl

$(OBJS): | have-headers
$(shlib): src/credscore.map
-include $(wildcard src/*.d src/*/*.d test/*/*.d test/sandbox/*/*.d test/sandbox/*/*/*.d bench/*.d)

.PHONY: have-headers
have-headers:
	@printf '#include <curl/curl.h>\n#include <json-c/json.h>\n' | \
	$(CC) $(CPPFLAGS) -MF /dev/null -E -o /dev/null - 2>/dev/null || { \
	echo 'The headers of libcurl or json-c are missing; on Debian, "make deps" installs them.' >&2; \
	exit 1; }

# The sandbox, the bare clients and the unit tests are ordinary C programs.
$(SANDBOX_OBJS) $(BENCH_OBJS) $(addsuffix .o,$(UNIT_TESTS)): \
	override CFLAGS += -Wno-declaration-after-statement
# Before src: both houses have a provider/registry.h.
$(SANDBOX_OBJS) $(addsuffix .o,$(SANDBOX_TESTS)): \
	override CPPFLAGS := -iquote test/sandbox $(CPPFLAGS)

.PHONY: sandbox unit
sandbox: $(SANDBOX) $(PRELOADS)
$(SANDBOX): $(SANDBOX_OBJS)
	$(CC) $(CFLAGS) $(SANDBOX_OBJS) $(LDFLAGS) -o $@ $(SANDBOX_LIBS)

$(PRELOADS): %.so: %.c
	$(CC) -O2 -g -fPIC -shared -Wall -Wextra $(WERROR) $< -o $@ -ldl

.PHONY: bench-programs
bench-programs: $(BENCH_PROGRAMS)
$(BENCH_PROGRAMS): %: %.o bench/bare.o
	$(CC) $(CFLAGS) $^ $(LDFLAGS) -o $@ -lcurl -ljson-c

# Archives, so that each test links only the modules it tests: the sandbox's
# tests its core, the others ours.  libpgport has PostgreSQL's CRC.
UNIT_LIBS = -L$(shell $(PG_CONFIG) --pkglibdir) -lpgport -lcurl -ljson-c -lm
unit: $(UNIT_TESTS)
$(UNIT_LIB): $(UNIT_OBJS)
	rm -f $@
	$(AR) crs $@ $(UNIT_OBJS)
$(SANDBOX_LIB): $(filter test/sandbox/core/%,$(SANDBOX_OBJS))
	rm -f $@
	$(AR) crs $@ $^
$(filter-out $(SANDBOX_TESTS),$(UNIT_TESTS)): %: %.o $(UNIT_LIB)
	$(CC) $(CFLAGS) $< $(UNIT_LIB) $(LDFLAGS) -o $@ $(UNIT_LIBS)
$(SANDBOX_TESTS): %: %.o $(SANDBOX_LIB)
	$(CC) $(CFLAGS) $< $(SANDBOX_LIB) $(LDFLAGS) -o $@ $(SANDBOX_LIBS)

# Keeps make from deleting the objects as intermediate files.
.SECONDARY: $(addsuffix .o,$(UNIT_TESTS))

# Fuzzers build from source, instrumented, and run a while each.
FUZZ_CC ?= clang
FUZZ_SECONDS ?= 30
.PHONY: fuzz
fuzz: $(FUZZERS)
	scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)
$(FUZZERS): %: %.c $(PURE_SRCS) $(wildcard src/*/*.h)
	$(FUZZ_CC) -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Isrc \
	$< $(PURE_SRCS) -o $@ -lcurl -ljson-c -lm

.PHONY: lint
lint: all sandbox
	@scripts/run-tap build/lint $(call pick,$(sort $(wildcard test/lint/*.pl)))

installcheck: $(SANDBOX) $(PRELOADS) tap-notice
export CREDSCORE_SANDBOX := $(CURDIR)/$(SANDBOX)

.PHONY: tap-notice
tap-notice:
	@if test -n '$(TAP_OBSTACLE)'; then \
	echo 'The TAP tests are skipped: $(TAP_OBSTACLE).'; fi
	@if test -z '$(SANDBOX_PORT)'; then \
	echo 'The isolation tests are skipped: SANDBOX_PORT does not say where the sandbox is.'; fi

endif	# goals that need PGXS

ifneq ($(filter $(STANDALONE),$(GOALS)),)

.PHONY: $(STANDALONE)

help:
	@echo 'make                build the extension'
	@echo 'make install        install it (PG_CONFIG=... chooses the PostgreSQL)'
	@echo 'make installcheck   test against the running server'
	@echo 'make deps           install missing Debian packages (root or sudo)'
	@echo 'make check          install packages, build, run every test privately'
	@echo '                    TESTS="001 setup" picks tests, KEEP=1 keeps the files'
	@echo 'make check-lint, check-unit, check-model, check-regress, check-isolation,'
	@echo '     check-tap          one kind of them'
	@echo 'make check-deep     tests that take up to an hour: PART=plans (SEED=1,'
	@echo '                    COUNT=20000), PART=shapes, PART=memory, PART=model, PART=sqlsmith'
	@echo '                    (SEED=1, SECONDS=3500), PART=months (MONTHS=24, ROWS=10000)'
	@echo 'make check-postgres run PostgreSQL'"'"'s own regression suite with credscore loaded'
	@echo 'make demo           show it at work against the sandbox; KEEP=1 stays'
	@echo 'make bench          measure against limits of the same run (QUICK=1: just try)'
	@echo 'make fuzz           fuzz the parsers (clang; FUZZ_SECONDS=30)'
	@echo 'make lint           check the rules of the source tree'
	@echo 'make format         run clang-format over the C sources'

deps:
	@PG_CONFIG='$(PG_CONFIG)' exec scripts/install-deps

check:
	@PG_CONFIG='$(PG_CONFIG)' TESTS='$(TESTS)' KEEP='$(KEEP)' exec scripts/check

check-lint check-unit check-model check-regress check-isolation check-tap: check-%:
	@PG_CONFIG='$(PG_CONFIG)' TESTS='$(TESTS)' KEEP='$(KEEP)' exec scripts/check $*

PART ?= plans
check-deep:
	@PG_CONFIG='$(PG_CONFIG)' KEEP='$(KEEP)' SEED='$(SEED)' COUNT='$(COUNT)' SHRINK='$(SHRINK)' \
	SECONDS='$(SECONDS)' ROWS='$(ROWS)' MONTHS='$(MONTHS)' LEDGER='$(LEDGER)' exec scripts/check-deep $(PART)

check-postgres:
	@PG_CONFIG='$(PG_CONFIG)' SOURCE='$(SOURCE)' KEEP='$(KEEP)' exec scripts/check-postgres

demo:
	@PG_CONFIG='$(PG_CONFIG)' KEEP='$(KEEP)' exec scripts/demo

bench:
	@PG_CONFIG='$(PG_CONFIG)' exec bench/run

format:
	$(or $(shell command -v clang-format-14),clang-format) -i $(wildcard src/*.[ch] src/*/*.[ch] \
	test/*/*.[ch] test/sandbox/*/*.[ch] test/sandbox/*/*/*.[ch] bench/*.[ch])

endif	# standalone goals
