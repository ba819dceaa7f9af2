"""Replaces the module for memory that processes share: every call raises an OSError."""
import errno


def shm_open(path, flags, mode=511):
    raise OSError(errno.ENOTSUP, "processes of wasi share no memory", path)


def shm_unlink(path):
    raise OSError(errno.ENOTSUP, "processes of wasi share no memory", path)
