"""Clients of the machine's own Python for server.py: three requests of HTTP, then fifty connections at once. Arguments: the
two ports."""
import asyncio
import sys
import time
import urllib.request

http, lines = map(int, sys.argv[1:3])


def patient(call):
    for _ in range(1200):
        try:
            return call()
        except ConnectionRefusedError:
            time.sleep(0.1)
        except OSError as e:
            if not isinstance(getattr(e, 'reason', None), ConnectionRefusedError):
                raise
            time.sleep(0.1)
    raise TimeoutError('no server')


for i in range(3):
    body = b'request %d' % i
    answer = patient(lambda: urllib.request.urlopen(f'http://127.0.0.1:{http}/', data=body, timeout=60).read())
    assert answer == body[::-1], answer


async def visit(n):
    for _ in range(1200):
        try:
            reader, writer = await asyncio.open_connection('127.0.0.1', lines)
            break
        except ConnectionRefusedError:
            await asyncio.sleep(0.1)
    for i in range(5):
        writer.write(b'line %d of %d\n' % (i, n))
        assert await reader.readline() == b'LINE %d OF %d\n' % (i, n)
    writer.close()


async def main():
    await asyncio.gather(*map(visit, range(50)))


asyncio.run(main())
