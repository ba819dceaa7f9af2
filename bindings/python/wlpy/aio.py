"""The same for asyncio: each guest runs on a thread, and the event loop goes on meanwhile.

Async functions of the host run on the caller's event loop; others run on the guest's thread. When a task is cancelled, so is its
guest.
"""

from __future__ import annotations

import asyncio
import contextvars
from concurrent.futures import ThreadPoolExecutor

from wlpy._limits import UNSET
from wlpy._run import Run
from wlpy._session import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, TypeVar

    from typing_extensions import Unpack

    from wlpy import _wlpy
    from wlpy._config import Config, Options
    from wlpy._files import Files, PathLike
    from wlpy._limits import Seconds, Unset
    from wlpy._result import Evaluation, Result

    T = TypeVar("T")

# More than can run at once, because a guest may wait for a function of the host. Threads are made when they are needed.
_threads = ThreadPoolExecutor(256, "wlpy")


async def _on_thread(work: Callable[[], T], control: _wlpy.Control) -> T:
    """Waits for work that a control can end."""
    context = contextvars.copy_context()
    future = asyncio.get_running_loop().run_in_executor(_threads, lambda: context.run(work))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        if not future.done():
            control.cancel()
            await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise


async def arun(
    code: str | bytes | None = None,
    *,
    module: str | None = None,
    file: str | None = None,
    check: bool = False,
    **options: Unpack[Options],
) -> Result:
    """`wlpy.run()` for asyncio; it takes the same arguments."""
    prepared = Run(code, module, file, loop=asyncio.get_running_loop(), **options)
    result = await _on_thread(prepared, prepared.config.control)
    return result.check() if check else result


class AsyncSession:
    """`wlpy.Session` for asyncio: `async with AsyncSession() as session: await session.eval("6 * 7")`.

    It takes the same arguments. Its evaluations wait for one another. The session starts with the first of them, or with
    `async with`.
    """

    def __init__(self, **options: Unpack[Options]) -> None:
        self._config: Config = Session._config_of(**options)
        self._session: Session | None = None
        self._lock: asyncio.Lock | None = None

    async def _use(self, work: Callable[[Session], T]) -> T:
        # (Made here, because it belongs to the running loop.)
        if self._lock is None:
            self._lock = asyncio.Lock()
        async with self._lock:
            if self._session is None:
                self._config.tasks.loop = asyncio.get_running_loop()
                self._session = await _on_thread(lambda: Session._of(self._config), self._config.control)
            session = self._session
            return await _on_thread(lambda: work(session), self._config.control)

    async def eval(
        self,
        code: str | bytes,
        *,
        timeout: Seconds | Unset = UNSET,
        grace: float | Unset = UNSET,
        name: str | None = None,
        check: bool = False,
    ) -> Evaluation:
        """`Session.eval()`. If the task is cancelled, the session ends."""
        return await self._use(lambda s: s.eval(code, timeout=timeout, grace=grace, name=name, check=check))

    run = eval

    async def set(self, **variables: object) -> None:
        """`Session.set()`."""
        await self._use(lambda s: s.set(**variables))

    async def get(self, name: str) -> Any:
        """`Session.get()`."""
        return await self._use(lambda s: s.get(name))

    async def fork(self) -> AsyncSession:
        """`Session.fork()`."""
        other = type(self).__new__(type(self))
        other._lock = None
        other._session = await self._use(lambda s: s.fork())
        other._config = other._session._config
        other._config.tasks.loop = asyncio.get_running_loop()
        return other

    async def save(self, path: PathLike, module: PathLike) -> None:
        """`Session.save()`."""
        await self._use(lambda s: s.save(path, module))

    @property
    def files(self) -> Files:
        """`Session.files`."""
        return self._config.root if self._session is None else self._session.files

    @property
    def alive(self) -> bool:
        return self._session is None or self._session.alive

    def interrupt(self) -> bool:
        """`Session.interrupt()`."""
        return self._config.control.interrupt() == 0

    def cancel(self) -> None:
        """`Session.cancel()`."""
        self._config.control.cancel()

    async def close(self) -> None:
        """`Session.close()`."""
        if self._session is not None:
            self._session.close()

    async def __aenter__(self) -> AsyncSession:
        await self._use(lambda s: None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        state = "not started" if self._session is None else "alive" if self.alive else "ended"
        return f"<wlpy.AsyncSession {state}>"


async def aevaluate(code: str | bytes, *, check: bool = False, **options: Unpack[Options]) -> Evaluation:
    """`wlpy.evaluate()` for asyncio; it takes the same arguments."""
    async with AsyncSession(**options) as session:
        result = await session.eval(code)
        result.files.keep()
    return result.check() if check else result
