/* The engines that there are. */
#ifndef WL_ENGINES_H
#define WL_ENGINES_H

#include "core/engine.h"

/* Compiles with Cranelift or Winch, through libwasmtime's C API. In a library without it, it cannot be opened. */
extern const struct engine_ops engine_wasmtime;

#endif
