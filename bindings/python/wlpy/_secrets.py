"""Values that a guest can use at a host without learning them."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


class Secret:
    """A value that a guest can use in requests to one host, or to several, without learning it.

    The guest's variable has a placeholder. It speaks plain HTTP to http://HOST, and the connection to https://HOST is made outside,
    where the value is put into the headers that carry credentials. `host` is "api.example.com" or "api.example.com:8443".
    docs/network.md says what this holds against. It needs the system's libcurl.
    """

    __slots__ = ("_value", "hosts")

    hosts: tuple[str, ...]

    def __init__(self, value: str, host: str, *more: str) -> None:
        self.hosts = (host, *more)
        for text in (value, *self.hosts):
            if not isinstance(text, str):
                raise TypeError(f"a secret has a value and hosts, which are str, not {type(text).__name__}")
        self._value = value

    def __repr__(self) -> str:
        return f"wlpy.Secret(..., {', '.join(map(repr, self.hosts))})"

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret cannot be copied to another process")


def secrets_of(secrets: Mapping[str, Secret] | None) -> tuple[tuple[bytes, bytes, bytes], ...]:
    """As src/setup.c takes them."""
    entries = []
    for name, secret in (secrets or {}).items():
        if not isinstance(name, str) or not isinstance(secret, Secret):
            raise TypeError(f"the secret {name!r} is a wlpy.Secret, not {type(secret).__name__}")
        for host in secret.hosts:
            texts = name, secret._value, host
            if any("\0" in text for text in texts):
                raise ValueError(f"the secret {name} has a zero byte")
            entries.append((name.encode(), secret._value.encode(), host.encode()))
    return tuple(entries)


def path_of(certificates: str | os.PathLike[str] | None) -> bytes | None:
    return None if certificates is None else os.fsencode(certificates)
