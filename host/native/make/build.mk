# From a module to an executable and a library: translated by wasm2c into several C files, which are compiled side by side.
#   make -f build.mk WABT=... HOST=(the folder above this one) CC=clang OPT=-O2
RT = $(WABT)/share/wabt/wasm2c
# The guard pages and the handler are runtime.c's own, as is the stack's guard: hence wasm-rt neither installs handlers
# nor counts calls. What the compiler may not do: drop a load whose value nobody uses (it may trap), reason about
# overflow or aliasing that wasm allows, or step over the stack's guard with one big frame.
CPPFLAGS += -I. -I$(HOST) -I$(HOST)/.. -I$(RT) -I$(WABT)/include -D_GNU_SOURCE -DWASM_RT_USE_MMAP=1 -DWASM_RT_MEMCHECK_GUARD_PAGES=1 \
  -DWASM_RT_SKIP_SIGNAL_RECOVERY=1 -DWASM_RT_NONCONFORMING_UNCHECKED_STACK_EXHAUSTION=1 \
  -DWASM_RT_TRAP_HANDLER=runtime_trap -DNDEBUG
OPT = -O2
# For both at once: nothing is to be found from outside but wl_guest_run, so nothing is looked up.
SHARED = -fPIC -fvisibility=hidden -ftls-model=initial-exec
GUEST_CFLAGS = $(OPT) $(SHARED) -fno-optimize-sibling-calls -frounding-math -fsignaling-nans -fno-strict-aliasing -fwrapv \
  -fstack-clash-protection -w
HOST_CFLAGS = $(SHARED) -std=c17 -O2 -Wall -Wextra -D_FORTIFY_SOURCE=2 -fstack-protector-strong
GUEST = $(patsubst %.c,%.o,$(wildcard guest*.c))
HOST_FILES = $(wildcard $(HOST)/*.c $(HOST)/../wasi/*.c) $(HOST)/../interrupt.c $(HOST)/../err.c
HOSTS = $(patsubst %.c,host_%.o,$(notdir $(HOST_FILES)))
vpath %.c $(HOST) $(HOST)/../wasi $(HOST)/..

ALL = $(GUEST) $(HOSTS) glue.o image.o wasm-rt-impl.o

all: program guest.so
program: $(filter-out host_library.o,$(ALL))
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lm -lpthread
guest.so: $(filter-out host_main.o,$(ALL))
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$@,-z,nodelete -o $@ $^ -lm -lpthread
$(GUEST): %.o: %.c
	$(CC) $(CPPFLAGS) $(GUEST_CFLAGS) $(CFLAGS) -c $< -o $@
	@echo "compiled $<"
image.o: image.s image
	$(CC) -c $< -o $@
glue.o: glue.c
	$(CC) $(CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -c $< -o $@
host_%.o: %.c
	$(CC) $(CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -c $< -o $@
wasm-rt-impl.o: $(RT)/wasm-rt-impl.c
	$(CC) $(CPPFLAGS) -Dcalloc=runtime_calloc -Drealloc=runtime_realloc -Dfree=runtime_free -O2 $(SHARED) -w $(CFLAGS) \
	  -c $< -o $@
