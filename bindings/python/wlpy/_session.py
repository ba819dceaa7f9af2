"""Sessions: a Python that keeps its state."""

from __future__ import annotations

import os

from wlpy._config import PIPE, Config
from wlpy._errors import SessionEnded
from wlpy._files import Changed, Files
from wlpy._limits import UNSET, Unset, milliseconds
from wlpy._program import program
from wlpy._result import Evaluation
from wlpy._run import code_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import TracebackType
    from typing import Any, Callable

    from typing_extensions import Unpack

    from wlpy import _wlpy
    from wlpy._config import Dirs, Options, Stdin, Stdout
    from wlpy._files import Content, PathLike
    from wlpy._functions import Functions
    from wlpy._limits import Fixed, Limits, Number, Seconds
    from wlpy._secrets import Secret

# For "no limit" where 0 means the session's own.
# sys.argv[0].
_COMMAND = (b"",)
_PRELUDE = b"import wlhost\nglobals().update(wlhost.functions)\n"


class Session:
    """A sandboxed Python that keeps its variables, modules and open files from one piece of code to the next.

        with wlpy.Session() as session:
            session.eval("import math")
            session.eval("math.sqrt(2)").value

    The arguments are those of `wlpy.run()`. Functions of the host can be called by their names, and also by `import wlhost`;
    `await wlhost.later.NAME(...)` lets other tasks of the guest go on meanwhile. One thread at a time can use a session, and it
    may be another one each time. A session costs nothing while it waits, except memory.
    """

    def __init__(
        self,
        *,
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
    ) -> None:
        config = Config(
            _COMMAND, argv=argv, input=input, stdin=stdin, stdout=stdout, stderr=stderr, env=env, files=files, dirs=dirs,
            timeout=timeout, memory=memory, limits=limits, functions=functions, net=net, net_listen=net_listen,
            on_refusal=on_refusal, secrets=secrets, certificates=certificates, fixed=fixed, clock_resolution=clock_resolution,
            python=python,
        )  # fmt: skip
        self._start(config)

    def _start(self, config: Config) -> None:
        self._config = config
        self._before: Mapping[str, bytes] = config.before
        self._session = program(config.python).session(config.raw())
        self._files = config.root
        if config.functions:
            self._eval(_PRELUDE, b"<wlpy>", 0, 100)

    @staticmethod
    def _config_of(**options: Unpack[Options]) -> Config:
        return Config(_COMMAND, **options)

    @classmethod
    def _of(cls, config: Config) -> Session:
        self = cls.__new__(cls)
        self._start(config)
        return self

    def _eval(self, code: bytes, name: bytes | None, timeout_ms: int, grace_ms: int) -> tuple[Any, ...]:
        if not self._session.alive():
            raise SessionEnded("cannot evaluate: the session has ended", "start another one, or fork one before it is used")
        try:
            return self._session.eval(code, name, timeout_ms, 0, grace_ms, 0)
        finally:
            if not self._session.alive():
                self._config.tasks.cancel()

    def eval(
        self,
        code: str | bytes,
        *,
        timeout: Seconds | Unset = UNSET,
        grace: float | Unset = UNSET,
        name: str | None = None,
        check: bool = False,
    ) -> Evaluation:
        """Evaluates code in the module __main__; `await` may stand outside of functions.

        The result has the value of the last line, if that is an expression. An exception does not end the session.

        timeout, grace: in place of the session's. When the time has passed, the code gets KeyboardInterrupt and `grace` seconds
            to end; after that the session ends.
        name: of the code in tracebacks; default: <cell N>.
        check: raise RunError unless the code comes to its end.
        """
        ms = 0 if isinstance(timeout, Unset) else milliseconds(timeout)
        if not isinstance(timeout, Unset) and timeout is not None and timeout <= 0:
            raise ValueError("timeout is more than 0 (None for no limit)")
        if not isinstance(grace, Unset) and grace < 0:
            raise ValueError("grace is at least 0")
        grace_ms = 0 if isinstance(grace, Unset) else milliseconds(grace)
        raw = self._eval(code_bytes(code), None if name is None else os.fsencode(name), ms, grace_ms)
        result = Evaluation(raw, Changed(self._files, self._before), *self._config.written())
        return result.check() if check else result

    run = eval

    def set(self, **variables: object) -> None:
        """Sets variables of the module __main__ to values that JSON has."""
        import json

        for name in variables:
            if not name.isidentifier():
                raise ValueError(f"{name!r} is no name of a variable")
        text = json.dumps(variables)
        self.eval(f"globals().update(__import__('json').loads({text!r}))", name="<set>", check=True)

    def get(self, name: str) -> Any:
        """The value of a variable or expression, made again from its JSON."""
        result = self.eval(name, name="<get>", check=True)
        if result.json is None and result.repr is not None:
            raise TypeError(f"the value of {name} cannot be written as JSON: {result.repr[:200]}")
        return result.value

    def fork(self) -> Session:
        """A copy of the session with all its state, which goes its own way from here.

        Memory is shared until one of the two writes to it: from one warm session (modules imported, data loaded) thousands can
        start. Files in memory are copied; other open files are shared, as by os.fork().
        """
        if not self._session.alive():
            raise SessionEnded("cannot copy a session that has ended")
        other = type(self).__new__(type(self))
        other._config = self._config.copy()
        other._session = self._session.fork(other._config.raw())
        other._before = self._before
        files = other._session.files(b"/")
        assert files is not None
        other._files = Files._of(files, "/")
        return other

    def save(self, path: PathLike, module: PathLike) -> None:
        """Writes the session as a module of its own: a .wasm file that begins with all that the session has in its memory, for
        `wl-run path -c ...` and any other WASI runtime, and for `wl-make aot --library`.

        module: the python-snapshot.wasm that this package's Python was made from, to which the memory belongs. The session goes
        on. It must have no file of the host open. Files in memory are not in the module; secrets in variables are.
        """
        self._session.save(os.fsencode(path), os.fsencode(module))

    @property
    def files(self) -> Files:
        """The files in memory that it sees, by path. They can be read and written while nothing is evaluated."""
        return self._files

    @property
    def alive(self) -> bool:
        """Whether it can evaluate something."""
        return self._session.alive()

    @property
    def control(self) -> _wlpy.Control:
        return self._config.control

    def interrupt(self) -> bool:
        """Raises KeyboardInterrupt in the code that another thread is evaluating. False: there is none."""
        return self._config.control.interrupt() == 0

    def cancel(self) -> None:
        """Ends the session, and with it what another thread is evaluating."""
        self._config.control.cancel()

    def close(self) -> None:
        """Ends the session and frees its memory; what another thread is evaluating is cancelled. Safe to call twice."""
        self._config.tasks.cancel()
        self._session.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<wlpy.Session {'alive' if self.alive else 'ended'}>"


