// Runs one Python from start to end, with the given files as its "/".
import { Host } from './host.js';
import { stacked } from './threads.js';
import { Directory, Fd, File, PreopenDirectory, WASI, WASIProcExit, wasi } from './wasi/index.js';
import { CHANNEL } from './wl/channel.js';
import { NOTHING } from './wl/threads/streams.js';

// A stream that the page shows.
class Shown extends Fd {
  constructor(stream) {
    super();
    this.stream = stream;
  }
  fd_fdstat_get() {
    return { ret: 0, fdstat: new wasi.Fdstat(wasi.FILETYPE_CHARACTER_DEVICE, 0) };
  }
  fd_filestat_get() {
    return { ret: 0, filestat: new wasi.Filestat(0n, wasi.FILETYPE_CHARACTER_DEVICE, 0n) };
  }
  fd_write(data) {
    postMessage({ stream: this.stream, bytes: data.slice() });
    return { ret: 0, nwritten: data.byteLength };
  }
}

// Standard input: asks the page for a line and sleeps until it comes, unless other threads can run meanwhile.
class Asked extends Shown {
  constructor(memory, baton) {
    super(0);
    this.memory = memory;
    this.baton = baton;
    this.asked = false;
    this.rest = new Uint8Array();
  }
  fd_read(size) {
    if (!this.rest.length && this.memory) {
      const count = new Int32Array(this.memory, 0, 1);
      if (!this.asked) {
        Atomics.store(count, 0, -1);
        postMessage({ wants: true });
      }
      this.asked = true;
      if (this.baton?.hasOthers() && Atomics.load(count, 0) === -1) return { ret: NOTHING, data: new Uint8Array() };
      Atomics.wait(count, 0, -1);
      this.asked = false;
      this.rest = new Uint8Array(this.memory, 4, Atomics.load(count, 0)).slice();
    }
    const data = this.rest.slice(0, size);
    this.rest = this.rest.slice(size);
    return { ret: 0, data };
  }
}

const bytes = new TextEncoder();
const MOST_RANDOM = 65536; // bytes that a browser gives at once

function folder(files) {
  return new Map(Object.entries(files).map(([name, content]) =>
    [name, typeof content === 'object' && !(content instanceof Uint8Array) ? new Directory(folder(content))
      : new File(typeof content === 'string' ? bytes.encode(content) : content)]));
}

function contents(map) {
  return Object.fromEntries([...map].map(([name, inode]) => [name, inode instanceof Directory ? contents(inode.contents) : inode.data]));
}

onmessage = async ({ data: { module, args, env = ['PYTHONIOENCODING=utf-8', 'NO_COLOR=1'], files, memory, shared, network } }) => {
  const ours = new Host(module, shared, network);
  try {
    await ours.begin();
  } catch (error) {
    postMessage({ error: error.message });
    return;
  }
  const root = new PreopenDirectory('/', folder(files)), open = [new Asked(memory, ours.crew?.baton), new Shown(1), new Shown(2), root];
  const fd = open.length;
  if (ours.given) open.push(new PreopenDirectory(CHANNEL, new Map()));
  const host = new WASI(args, env, open);
  // The shim counts letters instead of bytes, and then writes past the memory that Python reserved for its arguments.
  host.wasiImport.args_sizes_get = (count, size) => {
    const view = new DataView(host.inst.exports.memory.buffer);
    view.setUint32(count, args.length, true);
    view.setUint32(size, args.reduce((sum, arg) => sum + new TextEncoder().encode(arg).length + 1, 0), true);
    return 0;
  };
  // The shim waits in a busy loop, and does not report the number of events.
  const calls = host.wasiImport;
  const wait = calls.poll_oneoff;
  calls.poll_oneoff = (subscriptions, events, n, got) => {
    const view = new DataView(host.inst.exports.memory.buffer);
    const relative = n === 1 && view.getUint8(subscriptions + 8) === wasi.EVENTTYPE_CLOCK && !view.getUint16(subscriptions + 40, true);
    if (relative) {
      const ms = Number(view.getBigUint64(subscriptions + 24, true)) / 1e6;
      if (memory && ms >= 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    }
    const result = relative && memory ? finished(view, subscriptions, events) : wait(subscriptions, events, n);
    if (result === 0) view.setUint32(got, 1, true);
    return result;
  };
  // In memory that is shared, it would not use a generator for secrets.
  calls.random_get = (at, size) => {
    const to = new Uint8Array(host.inst.exports.memory.buffer, at, size);
    for (let i = 0; i < size; i += MOST_RANDOM) to.set(crypto.getRandomValues(new Uint8Array(Math.min(size - i, MOST_RANDOM))), i);
    return 0;
  };
  if (ours.given) await ours.install(calls, fd);
  let end;
  try {
    const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: calls, ...ours.imports });
    ours.made(instance);
    end = { status: await begin(host, instance) };
  } catch (error) {
    end = ours.ending() ?? { error: `${error}` };
  }
  ours.end();
  postMessage(end.error === undefined ? { ...end, files: contents(root.dir.contents) } : end);
};

// Runs it to its end.
async function begin(host, instance) {
  host.inst = instance;
  try {
    await stacked(instance.exports._start)();
    return 0;
  } catch (error) {
    if (error instanceof WASIProcExit) return error.code;
    throw error;
  }
}

// Writes the event of a clock: the subscription's own value, no error, and the type.
function finished(view, subscription, event) {
  view.setBigUint64(event, view.getBigUint64(subscription, true), true);
  view.setUint16(event + 8, 0, true);
  view.setUint8(event + 10, wasi.EVENTTYPE_CLOCK);
  return 0;
}
