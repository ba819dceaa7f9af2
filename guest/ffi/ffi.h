/* The part of libffi's interface that CPython's ctypes uses, based on a table of functions.
 *
 * A WebAssembly program can only make calls of types that occur in its code, and a call of a function of another type
 * traps. So symbols.py makes a table when Python is linked. It lists every function that may be called, with its name,
 * address and WebAssembly type, and has code for a call of each of these types. For callbacks there is a fixed number
 * of functions of each usual type.
 *
 * The names are libffi's, so that ctypes compiles unchanged; the names with wl_ are ours. Nothing here is thread-safe,
 * because there is only one thread. */
#ifndef WL_FFI_H
#define WL_FFI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __wasm32__
#error "this is for 32 bit WebAssembly"
#endif

enum {
    FFI_TYPE_VOID,
    FFI_TYPE_FLOAT,
    FFI_TYPE_DOUBLE,
    FFI_TYPE_LONGDOUBLE,
    FFI_TYPE_UINT8,
    FFI_TYPE_SINT8,
    FFI_TYPE_UINT16,
    FFI_TYPE_SINT16,
    FFI_TYPE_UINT32,
    FFI_TYPE_SINT32,
    FFI_TYPE_UINT64,
    FFI_TYPE_SINT64,
    FFI_TYPE_STRUCT,
    FFI_TYPE_POINTER
};

/* A C type. elements, terminated by NULL, is for FFI_TYPE_STRUCT, which includes unions. */
typedef struct _ffi_type {
    size_t size;
    unsigned short alignment;
    unsigned short type;
    struct _ffi_type **elements;
} ffi_type;

extern ffi_type ffi_type_void, ffi_type_float, ffi_type_double, ffi_type_longdouble, ffi_type_pointer;
extern ffi_type ffi_type_uint8, ffi_type_sint8, ffi_type_uint16, ffi_type_sint16;
extern ffi_type ffi_type_uint32, ffi_type_sint32, ffi_type_uint64, ffi_type_sint64;
#define ffi_type_uchar ffi_type_uint8
#define ffi_type_schar ffi_type_sint8
#define ffi_type_ushort ffi_type_uint16
#define ffi_type_sshort ffi_type_sint16
#define ffi_type_uint ffi_type_uint32
#define ffi_type_sint ffi_type_sint32
#define ffi_type_ulong ffi_type_uint32
#define ffi_type_slong ffi_type_sint32

typedef enum { FFI_OK, FFI_BAD_TYPEDEF, FFI_BAD_ABI, FFI_BAD_ARGTYPE } ffi_status;
typedef enum { FFI_DEFAULT_ABI = 1 } ffi_abi;
/* The type to which smaller integer results are widened. */
typedef uint32_t ffi_arg;
typedef int32_t ffi_sarg;

/* The types of one call. */
typedef struct {
    ffi_abi abi;
    unsigned nargs;
    ffi_type **arg_types; /* borrowed */
    ffi_type *rtype;      /* borrowed */
} ffi_cif;

ffi_status ffi_prep_cif(ffi_cif *cif, ffi_abi abi, unsigned nargs, ffi_type *rtype, ffi_type **arg_types);
/* The same, because the table tells which functions are variadic. */
ffi_status ffi_prep_cif_var(ffi_cif *cif, ffi_abi abi, unsigned nfixed, unsigned nargs, ffi_type *rtype,
                            ffi_type **arg_types);

/* Whether fn can be called like this: it is in the table and has the type of cif. If not, wl_ffi_why() tells the
 * reason. */
bool wl_ffi_can_call(const ffi_cif *cif, const void *fn);
/* The reason for the last refusal; valid until the next. */
const char *wl_ffi_why(void);
/* Calls fn. wl_ffi_can_call() must have returned true for it, otherwise the program ends. rvalue has room for at least
 * a ffi_arg; avalue points to the values of the arguments, each of the size of its type. */
void ffi_call(ffi_cif *cif, void *fn, void *rvalue, void **avalue);

/* A callback. When C calls its function, handler is called with pointers to the arguments. */
typedef struct ffi_closure {
    ffi_cif *cif; /* borrowed */
    void (*handler)(ffi_cif *cif, void *result, void **arguments, void *user);
    void *user;
    int thunk; /* its place in wl_ffi_thunks; negative: none yet */
} ffi_closure;

/* NULL: out of memory. Free it with ffi_closure_free(). *code becomes NULL, because the address depends on the type,
 * which is not known yet. */
void *ffi_closure_alloc(size_t size, void **code);
void ffi_closure_free(void *closure);
/* Takes an unused function of the type of cif, and stores its address in *code. FFI_BAD_TYPEDEF, with a reason in
 * wl_ffi_why(), if all are in use or there are none of this type. */
ffi_status wl_ffi_prep_closure(ffi_closure *closure, ffi_cif *cif,
                               void (*handler)(ffi_cif *cif, void *result, void **arguments, void *user), void *user,
                               void **code);
#define ffi_prep_closure_loc(closure, cif, handler, user, code)                                                        \
    wl_ffi_prep_closure(closure, cif, handler, user, &(code))
#define ffi_prep_closure(closure, cif, handler, user) wl_ffi_prep_closure(closure, cif, handler, user, &(void *){NULL})

/* --- the table, made by symbols.py --- */

/* One argument or result of a WebAssembly type. */
union wl_ffi_word {
    uint32_t i;
    uint64_t I;
    float f;
    double d;
};

/* A function type: the result, then the arguments. i is i32, I is i64, f is f32, d is f64, v is no result. */
struct wl_ffi_signature {
    const char *text;
    void (*call)(void (*fn)(void), const union wl_ffi_word *arguments, union wl_ffi_word *result);
};

struct wl_ffi_symbol {
    const char *name;
    const void *address;
    int16_t signature; /* in wl_ffi_signatures; negative: it is a variable */
    bool variadic;     /* the last argument of the signature is the address of the "..." arguments */
};

/* Functions for callbacks: count of them, starting at first, have this signature. */
struct wl_ffi_thunk_group {
    int16_t signature;
    uint16_t first, count;
};

extern const struct wl_ffi_signature wl_ffi_signatures[];
extern const struct wl_ffi_symbol wl_ffi_symbols[]; /* sorted by name in the order of strcmp() */
extern const struct wl_ffi_thunk_group wl_ffi_thunk_groups[];
extern const void *const wl_ffi_thunks[];
extern const unsigned wl_ffi_symbol_count, wl_ffi_thunk_group_count, wl_ffi_thunk_count, wl_ffi_signature_count;

/* Static functions of _ctypes that it calls by address. The last one has text NULL. */
struct wl_ffi_static {
    const void *address;
    const char *text; /* as in struct wl_ffi_signature */
};
extern const struct wl_ffi_static wl_ffi_ctypes_statics[];

/* Every thunk calls this; number is its place in wl_ffi_thunks. */
void wl_ffi_enter(unsigned number, union wl_ffi_word *arguments, union wl_ffi_word *result);

#endif
