"""A package whose module cffi's compiler has made (API mode), and its functions by their address."""
import _argon2_cffi_bindings._ffi as made
import argon2
from argon2 import low_level
from argon2.low_level import Type, hash_secret, hash_secret_raw, verify_secret

ffi, lib = made.ffi, made.lib
print(type(ffi).__module__, type(lib).__name__, lib.ARGON2_VERSION_NUMBER, ffi.sizeof("uint32_t[3]"))
for kind in Type:
    print(hash_secret(b"secret", b"some salt", 2, 64, 1, 16, kind).decode())
print(hash_secret_raw(b"secret", b"some salt", 1, 256, 4, 16, Type.ID).hex())
text = hash_secret(b"secret", b"some salt", 1, 64, 1, 16, Type.ID)
print(verify_secret(text, b"secret", Type.ID))
for wrong in (lambda: verify_secret(text, b"other", Type.ID), lambda: verify_secret(b"$argon2id$nonsense", b"", Type.ID),
              lambda: hash_secret(b"secret", b"short", 1, 64, 1, 16, Type.ID), lambda: low_level.error_to_str(10**10)):
    try:
        print(wrong())
    except (argon2.exceptions.Argon2Error, OverflowError) as e:
        print(type(e).__name__, e)
print(low_level.error_to_str(-4))
h = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
print(h.verify(h.hash("password"), "password"), h.check_needs_rehash(text.decode()))
