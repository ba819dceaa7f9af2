/* What a session answers (core/session.h). */
#ifndef WL_API_VALUE_H
#define WL_API_VALUE_H

#include "wlpy.h"

/* Reads an answer into the value, which has nothing of one yet; wlpy_value_free() frees it. most: bytes of a text;
 * longer ones are left out. False: it is not one, or there is no memory. */
bool value_read(struct wlpy_value *v, const uint8_t *answer, size_t size, size_t most);

#endif
