/* Requests of the set fs (space.h) about permissions of files, which WASI does not have; docs/channel.md says what each
 * is. They keep to the same paths, rights and read-only directories as the calls of WASI. */
#ifndef WL_WASI_PERMISSIONS_H
#define WL_WASI_PERMISSIONS_H

#include "wasi/channel.h"

uint32_t wasi_modes_request(struct wasi_request *r);
uint32_t wasi_open_request(struct wasi_request *r);
uint32_t wasi_make_dir_request(struct wasi_request *r);
uint32_t wasi_chmod_request(struct wasi_request *r);
uint32_t wasi_access_request(struct wasi_request *r);

#endif
