"""Runs a module with Wasmer's SDK:

    wasmer-sdk.py CACHE FOLDERS [HOST GUEST MODE]... VARIABLES [NAME=VALUE]... MODULE [ARGUMENT...]

The SDK shares no directories of the host. Files are copied into the sandbox, of which only /workspace can be read at the end:
directories below it that are not "ro" are copied back."""
import asyncio
import os
import shutil
import sys
from pathlib import Path

from wasmer_sdk import PackageCommandDefinition, PackageDefinition, Wasmer


def count(words, each):
    n = int(words.pop(0))
    taken = [words[i * each:(i + 1) * each] for i in range(n)]
    del words[:n * each]
    return taken


def read_folder(host, guest):
    """The files below a directory of the host, by their names in the guest."""
    return {os.path.join(guest, os.path.relpath(os.path.join(folder, name), host)): Path(folder, name).read_bytes()
            for folder, _, names in os.walk(host) for name in names}


async def put(fs, host, guest):
    await fs.mkdir(guest, recursive=True)
    for folder, folders, _ in os.walk(host):
        for name in folders:
            await fs.mkdir(os.path.join(guest, os.path.relpath(os.path.join(folder, name), host)))
    for name, content in read_folder(host, guest).items():
        await fs.write(name, content)


async def take(fs, guest, host):
    os.makedirs(host, exist_ok=True)
    entries = await fs.read_dir(guest)
    for name in set(os.listdir(host)) - {entry.name for entry in entries}:
        there = os.path.join(host, name)
        shutil.rmtree(there) if os.path.isdir(there) else os.unlink(there)
    for entry in entries:
        here, there = f"{guest.rstrip('/')}/{entry.name}", os.path.join(host, entry.name)
        if entry.kind == "directory":
            await take(fs, here, there)
        elif entry.kind == "file":
            Path(there).write_bytes(await fs.read(here))


async def show(stream, to):
    async for part in stream:
        to.write(part)
        to.flush()


async def main(words):
    cache = words.pop(0)
    folders, env = count(words, 3), dict(pair.split("=", 1) for pair, in count(words, 1))
    module = Path(words.pop(0))
    async with Wasmer(cache_root=cache) as wasmer:
        kept = [folder for folder in folders if folder[1].startswith("/workspace")]
        files = {name: content for host, guest, _ in folders if guest not in [folder[1] for folder in kept]
                 for name, content in read_folder(host, guest).items()}
        package = await wasmer.packages.create(PackageDefinition(
            modules={"main": module.read_bytes()}, commands={"main": PackageCommandDefinition(module="main")}, files=files))
        async with await wasmer.sandboxes.create(packages=[package]) as sandbox:
            for host, guest, _ in kept:
                await put(sandbox.fs, host, guest)
            process = await sandbox.command(package, words, env=env).spawn(stdin="pipe")
            output = asyncio.gather(show(process.stdout, sys.stdout.buffer), show(process.stderr, sys.stderr.buffer))
            try:
                await process.stdin.write(await asyncio.to_thread(sys.stdin.buffer.read))
                await process.stdin.close()
            except Exception:  # it may have exited without reading
                pass
            done = await process.wait()
            await output
            for host, guest, mode in kept:
                if mode != "ro":
                    await take(sandbox.fs, guest, host)
    return done.exit_code


sys.exit(asyncio.run(main(sys.argv[1:])))
