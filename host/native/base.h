/* Where a guest's memory lies. */
#ifndef WL_BASE_H
#define WL_BASE_H

/* 0: anywhere, as in a library, which has many guests. Otherwise the address at which the one guest's memory begins. It
 * is below 2 GiB, so that the processor adds it to an address of the guest's in the very instruction that uses it, and
 * where no executable that is linked to be anywhere (PIE) nor its libraries are. */
#ifndef RUNTIME_BASE
#define RUNTIME_BASE 0
#endif

/* An address of the guest's, for the code that wasm2c writes (ports/toolchain/wabt/embed.patch). */
#define WASM_RT_LOCAL_MEMORY_ADDR(memory, addr) (RUNTIME_BASE ? (uint8_t *)RUNTIME_BASE + (addr) : &(memory)[(addr)])

#endif
