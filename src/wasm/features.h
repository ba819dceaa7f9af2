/* Which proposals the instructions of a function use. */
#ifndef WL_WASM_FEATURES_H
#define WL_WASM_FEATURES_H

#include "core/wasm.h"
#include "wasm/info.h"

/* Reads the body of a function, from its locals to its end, and sets what it uses. Stops at an instruction that it does
 * not know, and sets WASM_UNKNOWN_CODE. */
void wasm_body_features(struct wasm_reader body, bool features[WASM_FEATURES]);
/* The same for the type of a value. */
void wasm_type_features(uint8_t type, bool features[WASM_FEATURES]);

#endif
