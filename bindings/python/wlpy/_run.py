"""Running code once."""

from __future__ import annotations

import os

from wlpy._config import DEVNULL, PIPE, Config
from wlpy._files import Changed
from wlpy._limits import UNSET
from wlpy._program import program
from wlpy._result import Evaluation, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Callable

    from typing_extensions import Unpack

    from wlpy._config import Dirs, Options, Stdin, Stdout
    from wlpy._files import Content, PathLike
    from wlpy._functions import Functions
    from wlpy._limits import Fixed, Limits, Number, Seconds, Unset
    from wlpy._secrets import Secret

__all__ = ["DEVNULL", "PIPE", "evaluate", "run"]


def code_bytes(code: str | bytes) -> bytes:
    """As the guest gets it."""
    if isinstance(code, str):
        return code.encode()
    if isinstance(code, bytes):
        return code
    raise TypeError(f"code is str or bytes, not {type(code).__name__}")


def _command(code: str | bytes | None, module: str | None, file: str | None) -> tuple[bytes, ...]:
    given = [each for each in (code, module, file) if each is not None]
    if len(given) != 1:
        raise TypeError("run() takes one of code, module and file")
    if code is not None:
        return (b"python", b"-c", code_bytes(code))
    if module is not None:
        return (b"python", b"-m", os.fsencode(module))
    assert file is not None
    return (b"python", os.fsencode(file))


class Run:
    """A run that is prepared; call it once. Another thread can cancel it by `config.control`."""

    def __init__(
        self,
        code: str | bytes | None,
        module: str | None,
        file: str | None,
        loop: asyncio.AbstractEventLoop | None = None,
        **options: Unpack[Options],
    ) -> None:
        self.config = Config(_command(code, module, file), loop=loop, **options)

    def __call__(self) -> Result:
        config = self.config
        try:
            raw = program(config.python).run(config.raw())
        finally:
            config.tasks.cancel()
        return Result(raw, Changed(config.root, config.before), *config.written())


def run(
    code: str | bytes | None = None,
    *,
    module: str | None = None,
    file: str | None = None,
    argv: Sequence[str] = (),
    input: Content | None = None,
    stdin: Stdin = None,
    stdout: Stdout = PIPE,
    stderr: Stdout = PIPE,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, Content] | None = None,
    dirs: Dirs | None = None,
    timeout: Seconds | Unset = UNSET,
    memory: Number | Unset = UNSET,
    limits: Limits | None = None,
    functions: Functions = (),
    net: Iterable[str] = (),
    net_listen: Iterable[str] = (),
    on_refusal: Callable[[str], object] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    certificates: PathLike | None = None,
    fixed: Fixed | None = None,
    clock_resolution: float | None = None,
    python: PathLike | None = None,
    check: bool = False,
) -> Result:
    """Runs a program in a fresh Python, as `python -c CODE` would, and returns when it has ended.

    code: what to run; or `module` as with python -m; or `file`, a path that the guest sees.
    argv: its sys.argv[1:].
    input: what it reads from stdin. Or stdin: a file, a descriptor, or a function that returns the next line (None: the end).
    stdout, stderr: PIPE, so that the result has it; DEVNULL; a file or a descriptor; or a function that is called with each
        piece of text, which the result then has, too. What such a function raises ends the run, and is raised here.
    env: its variables; it has none of yours.
    files: the content of files by path, which exist in memory only: {"/input/data.csv": b"..."}. The result's `files` are those
        that it has written; /output exists for that.
    dirs: directories that it sees: {"/data": "/srv/data"} is read-only, `wlpy.Directory(path, writable=True)` is not, and
        `wlpy.Files()` is in memory and can be used again.
    timeout, memory, limits: what it may take: seconds, bytes, and `wlpy.Limits` for all. See there for the defaults.
    functions: functions of yours that it can call: `import wlhost; wlhost.NAME(...)`. See `wlpy.function`.
    net, net_listen: what it may connect to ("example.com:443") and listen on. See docs/network.md; there is no network unless
        you name some. on_refusal is called with a line for each request that no rule allows.
    secrets: values that it can use at a host without learning them: {"API_KEY": wlpy.Secret("...", "api.example.com")}.
        certificates: a file with those that these hosts are checked by, instead of the system's.
    fixed: `wlpy.Fixed(seed=1)` for clocks and random numbers that are the same in each run.
    clock_resolution: seconds; what its clocks show are multiples of this, so that it cannot measure what is shorter.
    python: another Python than the one in this package: a file that `wl-make aot --library` has made, for example with packages.
    check: raise RunError unless it comes to a good end.
    """
    result = Run(
        code, module, file, argv=argv, input=input, stdin=stdin, stdout=stdout, stderr=stderr, env=env, files=files, dirs=dirs,
        timeout=timeout, memory=memory, limits=limits, functions=functions, net=net, net_listen=net_listen,
        on_refusal=on_refusal, secrets=secrets, certificates=certificates, fixed=fixed, clock_resolution=clock_resolution,
        python=python,
    )()  # fmt: skip
    return result.check() if check else result


def evaluate(code: str | bytes, *, check: bool = False, **options: Unpack[Options]) -> Evaluation:
    """Evaluates code in a session of its own: the result has the value of the last line, and what was displayed.

    The arguments are those of run(); the functions of the host can be called by their names.
    """
    from wlpy._session import Session

    with Session(**options) as session:
        result = session.eval(code)
        result.files.keep()
    return result.check() if check else result
