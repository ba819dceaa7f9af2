/* Where a guest's memory lies; included before all code that wasm2c writes. */
#ifndef WL_ABI_BASE_H
#define WL_ABI_BASE_H

/* RUNTIME_ONE_GUEST: a program, whose one guest's memory begins at a constant address. Otherwise it is anywhere, as in
 * a library, which has many guests. */
#ifdef RUNTIME_ONE_GUEST
#if defined __x86_64__
#include "abi/arch/x86_64/base.h"
#elif defined __aarch64__
#include "abi/arch/aarch64/base.h"
#else
#error "no base address is known for this processor"
#endif
#define RUNTIME_BASE ARCH_BASE
#else
#define RUNTIME_BASE 0
#endif

/* What is reserved for a memory: an access is at most 2^32-1 + 2^32-1 + 16 bytes from the start: index, offset, width.
 */
#define NATIVE_RESERVED ((UINT64_C(8) << 30) + (UINT64_C(1) << 20))

/* An address of the guest's, for the code that wasm2c writes (ports/toolchain/wabt/embed.patch). */
#define WASM_RT_LOCAL_MEMORY_ADDR(memory, addr) (RUNTIME_BASE ? (uint8_t *)RUNTIME_BASE + (addr) : &(memory)[(addr)])

#endif
