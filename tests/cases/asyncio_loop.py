"""asyncio with one thread: tasks, time, streams, signals. Operations that need a process say so."""
import asyncio
import signal
import sys
import time


async def gather():
    return await asyncio.gather(*(asyncio.sleep(0.02 * (3 - i), i) for i in range(3)))


async def timeout():
    try:
        async with asyncio.timeout(0.05):
            await asyncio.sleep(5)
    except TimeoutError:
        return "timeout"


async def wait_for():
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.05)
    except asyncio.TimeoutError:
        return "timeout"


async def group():
    async with asyncio.TaskGroup() as tasks:
        a, b = tasks.create_task(asyncio.sleep(0.01, 1)), tasks.create_task(asyncio.sleep(0.01, 2))
    return a.result() + b.result()


async def boom():
    raise ValueError("x")


async def failing_group():
    result = None
    try:
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(asyncio.sleep(9))
            tasks.create_task(boom())
    except* ValueError as errors:
        result = slow.cancelled(), len(errors.exceptions)
    return result


async def queue():
    items, out = asyncio.Queue(2), []

    async def put():
        for i in range(5):
            await items.put(i)
        await items.put(None)

    async def get():
        while (item := await items.get()) is not None:
            out.append(item)
    await asyncio.gather(put(), get())
    return out


async def primitives():
    lock, event, semaphore, barrier = asyncio.Lock(), asyncio.Event(), asyncio.Semaphore(1), asyncio.Barrier(2)
    asyncio.get_running_loop().call_later(0.01, event.set)
    async with lock, semaphore:
        await event.wait()
    await asyncio.gather(barrier.wait(), barrier.wait())
    return "done"


async def on_signal():
    # By number, and numbers that are no signals.
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(2, print)
    assert loop.remove_signal_handler(2)
    for wrong in 0, -1, 1000:
        try:
            loop.add_signal_handler(wrong, print)
        except ValueError:
            pass
        else:
            raise AssertionError(wrong)
    # One that cannot be caught leaves nothing behind.
    try:
        loop.add_signal_handler(signal.SIGKILL, print)
    except RuntimeError:
        assert not loop.remove_signal_handler(signal.SIGKILL)
    else:
        raise AssertionError("SIGKILL")
    came = loop.create_future()
    loop.add_signal_handler(signal.SIGTERM, came.set_result, "term")
    signal.raise_signal(signal.SIGTERM)
    try:
        return await asyncio.wait_for(came, 1)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def threadsafe():
    came = asyncio.Event()
    asyncio.get_running_loop().call_soon_threadsafe(came.set)
    await asyncio.wait_for(came.wait(), 1)
    return True


async def numbers():
    for i in range(3):
        await asyncio.sleep(0)
        yield i


async def generator():
    done, pending = await asyncio.wait({asyncio.ensure_future(asyncio.sleep(0.01))}, timeout=1)
    return [x async for x in numbers()], len(done), len(pending)


async def stream():
    reader = asyncio.StreamReader()
    reader.feed_data(b"l1\nl2\n")
    reader.feed_eof()
    return [line async for line in reader]


async def many():
    return sum(await asyncio.gather(*(asyncio.sleep(0.01, 1) for _ in range(10000))))


async def as_completed():
    return [await x for x in asyncio.as_completed([asyncio.sleep(0.02, 2), asyncio.sleep(0.01, 1)])]


async def nested():
    waiting = gather()
    try:
        asyncio.run(waiting)
    except RuntimeError as error:
        return "running event loop" in str(error)
    finally:
        waiting.close()


async def interrupted():
    signal.raise_signal(signal.SIGINT)
    await asyncio.sleep(1)


async def eager():
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    return await asyncio.gather(asyncio.sleep(0, 1))


async def debugged():
    # On a busy machine, each step may take longer than what the debug mode warns of.
    asyncio.get_running_loop().slow_callback_duration = 60
    return await gather()


for function, expected in {
    gather: [0, 1, 2], timeout: "timeout", wait_for: "timeout", group: 3, failing_group: (True, 1), queue: [0, 1, 2, 3, 4],
    primitives: "done", on_signal: "term", threadsafe: True, generator: ([0, 1, 2], 1, 0), stream: [b"l1\n", b"l2\n"],
    many: 10000, as_completed: [1, 2], nested: True,
}.items():
    got = asyncio.run(function())
    assert got == expected, (function, got)
if sys.version_info >= (3, 12):
    assert asyncio.run(eager()) == [1]
assert asyncio.run(debugged(), debug=True) == [0, 1, 2]
with asyncio.Runner() as runner:
    assert runner.run(gather()) == runner.run(gather()) == [0, 1, 2]
loop = asyncio.new_event_loop()
assert loop.run_until_complete(gather()) == [0, 1, 2]
loop.close()
try:
    asyncio.run(interrupted())
except KeyboardInterrupt:
    pass
else:
    raise AssertionError("SIGINT")

# It waits for the requested time, and uses no processor time for that.
before, used = time.perf_counter(), time.process_time()
asyncio.run(asyncio.sleep(0.5))
assert time.perf_counter() - before >= 0.49 and time.process_time() - used < 0.4


# Processes cannot be started.
def refused(kind, text, coroutine):
    try:
        result = asyncio.run(coroutine)
    except kind as error:
        assert text in str(error), error
    else:
        raise AssertionError(result)


async def executor():
    return await asyncio.get_running_loop().run_in_executor(None, abs, -1)


if sys.platform == "wasi":
    refused((OSError, NotImplementedError), "", asyncio.create_subprocess_exec("ls"))
assert asyncio.run(asyncio.to_thread(abs, -1)) == asyncio.run(executor()) == 1
