/* Where the memory of a program's one guest begins: an address that one instruction loads, where neither an executable
 * that is linked to be anywhere (PIE) nor its libraries are. */
#ifndef WL_ABI_ARCH_BASE_H
#define WL_ABI_ARCH_BASE_H

#define ARCH_BASE 0x40000000

#endif
