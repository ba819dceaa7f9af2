"""asyncio."""

import asyncio
import time
import unittest

import wlpy


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_runs_at_once(self):
        begin = time.monotonic()
        results = await asyncio.gather(*[wlpy.arun(f"import time; time.sleep(0.5); print({n})") for n in range(8)])
        self.assertEqual([r.stdout for r in results], [f"{n}\n" for n in range(8)])
        self.assertLess(time.monotonic() - begin, 3.5)
        with self.assertRaises(wlpy.RunError):
            await wlpy.arun("1/0", check=True)
        self.assertEqual((await wlpy.aevaluate("6 * 7")).value, 42)

    async def test_functions_on_this_loop(self):
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue = asyncio.Queue()

        async def ask(text: str) -> str:
            assert asyncio.get_running_loop() is loop
            await queue.put(text)
            return text.upper()

        result = await wlpy.arun("import wlhost; print(wlhost.ask('a'))", functions=[ask])
        self.assertEqual((result.stdout, queue.get_nowait()), ("A\n", "a"))

    async def test_cancelling(self):
        task = asyncio.create_task(wlpy.arun("while True: pass", timeout=60))
        await asyncio.sleep(0.3)
        begin = time.monotonic()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertLess(time.monotonic() - begin, 5)
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(wlpy.arun("while True: pass", timeout=60), 0.2)

    async def test_session(self):
        async def twice(n: int) -> int:
            await asyncio.sleep(0.01)
            return 2 * n

        async with wlpy.AsyncSession(functions=[twice], files={"/x": "y"}) as session:
            await session.eval("n = twice(4)")
            self.assertEqual(await session.get("n"), 8)
            await session.set(m=5)
            results = await asyncio.gather(*[session.eval(f"m + {n}") for n in range(5)])
            self.assertEqual([r.value for r in results], [5, 6, 7, 8, 9])
            self.assertEqual(session.files["/x"], b"y")
            copy = await session.fork()
            self.assertEqual((await copy.eval("twice(n)")).value, 16)
            await copy.close()
            self.assertTrue(session.alive)
            task = asyncio.create_task(session.eval("while True: pass"))
            await asyncio.sleep(0.3)
            self.assertTrue(session.interrupt())
            self.assertEqual((await task).exception.type, "KeyboardInterrupt")
            self.assertEqual((await session.eval("await __import__('wlhost').later.twice(3)")).value, 6)
        with self.assertRaises(wlpy.SessionEnded):
            await session.eval("1")

    async def test_cancelled_evaluation(self):
        session = wlpy.AsyncSession()
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(session.eval("while True: pass"), 0.3)
        self.assertFalse(session.alive)
        await session.close()


if __name__ == "__main__":
    unittest.main()
