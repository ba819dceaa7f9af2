# From a module to an executable or a library: translated by wasm2c into several C files, which are compiled side by side.
#   make -f build.mk WABT=... HOST=(the folder above this one) CC=clang OPT=-O2 program|guest.so
RT = $(WABT)/share/wabt/wasm2c
# The guard pages and the handler are runtime.c's own, as is the stack's guard: hence wasm-rt neither installs handlers
# nor counts calls. A load whose value nobody uses may be left out, though it would have trapped: that harms nobody, and to
# keep them all would tie each load to its place. What the compiler may not do: reason about overflow or aliasing that wasm
# allows, or step over the stack's guard with one big frame.
CPPFLAGS += -I. -I$(HOST) -I$(HOST)/.. -I$(RT) -I$(WABT)/include -D_GNU_SOURCE -DWASM_RT_USE_MMAP=1 -DWASM_RT_MEMCHECK_GUARD_PAGES=1 \
  -DWASM_RT_SKIP_SIGNAL_RECOVERY=1 -DWASM_RT_NONCONFORMING_UNCHECKED_STACK_EXHAUSTION=1 \
  -DWASM_RT_NONCONFORMING_ALLOW_OOB_READ_ELIMINATION=1 -DWASM_RT_TRAP_HANDLER=runtime_trap -DNDEBUG
OPT = -O2
# Functions are spread over the files, so clang sees across them only when it links.
LTO = -flto=thin -fuse-ld=lld
# A program has one guest, whose memory can be where the code knows it to be. A library has many.
BASE = 0x40000000
program: PLACE = -fPIE
program: CPPFLAGS += -DRUNTIME_BASE=$(BASE)
# With MUSL, the folder of such a C library, a program has that inside. The machine's would be found, loaded and made to fit at
# each start, and asks the processor some 70 questions then, each of which a virtual machine passes on to its host: together
# that is longer than a Python of the flavour snapshot runs. What counts or has sanitizers in it needs the machine's.
INSIDE = $(if $(COUNT)$(findstring -fsanitize,$(CFLAGS)),,$(MUSL))
program: CPPFLAGS += $(if $(INSIDE),-nostdlibinc -isystem $(INSIDE)/include)
C_LIBRARY = $(if $(INSIDE),$(addprefix $(INSIDE)/lib/,rcrt1.o crti.o libc.a crtn.o),-lm -lpthread)
# Nothing is to be found from outside but wl_guest_run, so nothing is looked up.
guest.so: PLACE = -fPIC -fvisibility=hidden -ftls-model=initial-exec
# PROFILE is what clang is told of where the time goes. With COUNT=1 the program writes such a profile itself at its end, to
# LLVM_PROFILE_FILE.
USE = $(if $(PROFILE),-fprofile-use=$(PROFILE)) $(if $(COUNT),-fprofile-generate)
GUEST_CFLAGS = $(OPT) $(LTO) $(USE) $(PLACE) -fno-optimize-sibling-calls -fno-strict-aliasing -fwrapv -fstack-clash-protection \
  -include $(HOST)/base.h -w
HOST_CFLAGS = $(PLACE) -std=c17 -O2 -Wall -Wextra -D_FORTIFY_SOURCE=2 -fstack-protector-strong
# What every start runs lies together, so that it is had with few pages. (With LTO each function is a section of its own.)
BY_ORDER = -Wl,--symbol-ordering-file=order,--no-warn-symbol-ordering
ORDER = $(if $(LTO),$(BY_ORDER))
# By the hash of its content a library finds out whether the file at its path is still the one that was loaded (runtime.c).
LINK = $(CC) $(CFLAGS) -Wl,--build-id=sha1 $(if $(LTO)$(USE),$(OPT) $(LTO) $(USE) -w) $(ORDER) $(LDFLAGS)
GUEST = $(patsubst %.c,%.o,$(wildcard guest*.c))
HOST_FILES = $(wildcard $(HOST)/*.c $(HOST)/../wasi/*.c) $(HOST)/../interrupt.c $(addprefix $(HOST)/../core/,err.c text.c)
CLI_FILES = $(addprefix $(HOST)/../cli/,hint.c native.c options.c say.c values.c)
HOSTS = $(patsubst %.c,host_%.o,$(notdir $(HOST_FILES)))
CLIS = $(patsubst %.c,host_%.o,$(notdir $(CLI_FILES)))
vpath %.c $(HOST) $(HOST)/../wasi $(HOST)/../core $(HOST)/../cli $(HOST)/..

ALL = $(GUEST) $(HOSTS) glue.o image.o table.o wasm-rt-impl.o

program: $(filter-out host_library.o $(if $(INSIDE),,host_memory.o),$(ALL) $(CLIS))
	@echo "linking"
	$(LINK) $(if $(INSIDE),-static-pie -nostdlib,-pie) -o $@ $^ $(C_LIBRARY)
guest.so: $(filter-out host_memory.o,$(ALL))
	@echo "linking"
	$(LINK) -shared -Wl,-soname,$@,-z,nodelete -o $@ $^ -lm -lpthread
$(GUEST): %.o: %.c
	$(CC) $(CPPFLAGS) $(GUEST_CFLAGS) $(CFLAGS) -c $< -o $@
	@echo "compiled $<"
image.o table.o: %.o: %.s
	$(CC) -c $< -o $@
glue.o: glue.c
	$(CC) $(CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -c $< -o $@
# (It is what a compiler that knows these functions would make calls of.)
host_memory.o: HOST_CFLAGS += -ffreestanding -fno-stack-protector
host_%.o: %.c
	$(CC) $(CPPFLAGS) $(HOST_CFLAGS) $(CFLAGS) -c $< -o $@
wasm-rt-impl.o: $(RT)/wasm-rt-impl.c
	$(CC) $(CPPFLAGS) -Dcalloc=runtime_calloc -Drealloc=runtime_realloc -Dfree=runtime_free -O2 $(PLACE) -w $(CFLAGS) \
	  -c $< -o $@
