"""What a guest may take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional

    Seconds = Optional[float]
    Number = Optional[int]

KiB = 1 << 10
MiB = 1 << 20

_MOST = (1 << 63) - 1
NONE = (1 << 64) - 1  # WLPY_UNLIMITED


class Limits:
    """What a guest may take. Each is a number, or None for "as much as it likes".

    =============  ===========  ==================================================================================
    limit          default      when it is reached
    =============  ===========  ==================================================================================
    timeout        30 s         seconds of wall time. The code gets KeyboardInterrupt, and `grace` to end
    grace          0.1 s        seconds that it has then; after that the run or the session ends
    cpu            None         seconds of processor time; it ends
    memory         256 MiB      bytes of memory, of everything in it together; MemoryError
    output         1 MiB        bytes to stdout and stderr together; what fits is delivered, and it ends
    descriptors    256          files and sockets that it has open at once; OSError
    file_bytes     64 MiB       bytes that it writes to files that you see; OSError
    files          10,000       files and directories that it creates there; OSError
    sockets        32           sockets that it has open at once; OSError. (It has no network unless you allow some.)
    listening      8            of these, the sockets that listen at once; OSError
    lookups        1,000        names that it looks up; OSError
    received       64 MiB       bytes from the network
    sent           64 MiB       bytes to the network
    host_calls     10,000       calls of functions of the host; OSError
    =============  ===========  ==================================================================================

    The times hold for a run, or for each evaluation of a session, and so does `output`; all others hold for the whole life
    of a session. None means 0.1 s for `grace`, 4 GiB for `memory`, 65,536 for `descriptors`, 1,024 for `sockets` and 64 for
    `listening`. A guest has one thread, which takes no more processor time than its `timeout`, so `cpu` need not have a default of its own.
    """

    __slots__ = ("cpu", "descriptors", "file_bytes", "files", "grace", "host_calls", "listening", "lookups", "memory", "output",
                 "received", "sent", "sockets", "timeout")

    timeout: Seconds
    grace: Seconds
    cpu: Seconds
    memory: Number
    output: Number
    descriptors: Number
    file_bytes: Number
    files: Number
    sockets: Number
    listening: Number
    lookups: Number
    received: Number
    sent: Number
    host_calls: Number

    def __init__(
        self,
        *,
        timeout: Seconds = 30.0,
        grace: Seconds = 0.1,
        cpu: Seconds = None,
        memory: Number = 256 * MiB,
        output: Number = 1 * MiB,
        descriptors: Number = 256,
        file_bytes: Number = 64 * MiB,
        files: Number = 10_000,
        sockets: Number = 32,
        listening: Number = 8,
        lookups: Number = 1_000,
        received: Number = 64 * MiB,
        sent: Number = 64 * MiB,
        host_calls: Number = 10_000,
    ) -> None:
        given = dict(locals())
        del given["self"]
        for name, value in given.items():
            object.__setattr__(self, name, _checked(name, value))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Limits cannot be changed; replace({name}=...) makes others")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("Limits cannot be changed")

    @classmethod
    def none(cls) -> Limits:
        """No limits but those that every guest has."""
        return cls(**dict.fromkeys(cls.__slots__))

    def replace(self, **changes: Any) -> Limits:
        """A copy with some other limits."""
        return Limits(**{**{name: getattr(self, name) for name in self.__slots__}, **changes})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and all(getattr(self, n) == getattr(other, n) for n in self.__slots__)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__slots__))

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, ({name: getattr(self, name) for name in self.__slots__},)

    def __repr__(self) -> str:
        return "Limits(" + ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__) + ")"

    def _tuple(self) -> tuple[int, ...]:
        """As src/setup.c takes them."""
        return (self.memory or NONE, self.output or NONE, milliseconds(self.timeout), milliseconds(self.cpu),
                self.descriptors or NONE, self.file_bytes or NONE, self.files or NONE, self.sockets or NONE,
                self.received or NONE, self.sent or NONE, self.host_calls or NONE,
                0 if self.grace is None else milliseconds(self.grace), self.listening or NONE, self.lookups or NONE)


class Fixed:
    """Makes runs the same each time: the guest's clock begins at `time`, seconds since 1970, and its random numbers follow from `seed`.

    Time passes when the guest looks at a clock, and when it waits, which takes no real time. Two runs are the same to the bit as far
    as they get nothing else of the machine: no directories, no network, and the same input. The random numbers are no secrets.
    """

    __slots__ = ("seed", "time")

    time: float
    seed: int

    def __init__(self, *, time: float = 0.0, seed: int = 0) -> None:
        if not isinstance(time, (int, float)) or not 0 <= time < 18_000_000_000:
            raise ValueError(f"time is seconds since 1970, not {time!r}")
        if not isinstance(seed, int) or not 0 <= seed < 1 << 64:
            raise ValueError(f"seed is a number from 0 to 2**64 - 1, not {seed!r}")
        self.time = time
        self.seed = seed

    def _tuple(self) -> tuple[int, int]:
        return round(self.time * 10**9), self.seed

    def __repr__(self) -> str:
        return f"wlpy.Fixed(time={self.time!r}, seed={self.seed!r})"


def _make(values: dict[str, Any]) -> Limits:
    return Limits(**values)


def _checked(name: str, value: Any) -> Any:
    if value is None:
        return None
    kinds = (int, float) if name in ("timeout", "grace", "cpu") else (int,)
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(f"the limit {name} is a number or None, not {value!r}")
    if not 0 < value <= _MOST:
        raise ValueError(f"the limit {name} is more than 0 (None for no limit), not {value!r}")
    return value


def milliseconds(seconds: Seconds) -> int:
    """At least 1 for a time."""
    return NONE if seconds is None else max(1, min(round(seconds * 1000), _MOST // 10**6))


DEFAULT_LIMITS = Limits()


class Unset:
    """The default of arguments that may be None."""

    def __repr__(self) -> str:
        return "<from limits>"


UNSET = Unset()


def choose(limits: Limits | None, timeout: Seconds | Unset, memory: Number | Unset) -> Limits:
    """The limits that the arguments of a function mean."""
    if limits is None:
        limits = DEFAULT_LIMITS
    elif not isinstance(limits, Limits):
        raise TypeError(f"limits is a wlpy.Limits, not {limits!r}")
    changes: dict[str, Any] = {}
    if not isinstance(timeout, Unset):
        changes["timeout"] = timeout
    if not isinstance(memory, Unset):
        changes["memory"] = memory
    return limits.replace(**changes) if changes else limits
