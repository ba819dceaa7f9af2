// A network for a guest in a runtime of JavaScript: the channel (docs/channel.md) beside the calls of WASI, whose sockets are in
// another thread (sockets.mjs).
import { appendFileSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { Policy } from './policy.mjs';

const CHANNEL = 'wl:host', MOST_REQUEST = 1024;
const ERRNO = { SUCCESS: 0, EAGAIN: 6, EBADF: 8, EINVAL: 28, EMFILE: 33, ENAMETOOLONG: 37, ENOTSOCK: 57, ENOTSUP: 58, EOVERFLOW: 61,
  ESPIPE: 70, ENOTCAPABLE: 76 };
const TYPES = { dgram: 5, stream: 6 };
// fd_read, fd_fdstat_set_flags, fd_write, fd_filestat_get, poll_fd_readwrite, sock_shutdown, sock_accept
const RIGHTS = [1, 3, 6, 21, 27, 28, 29].reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
const CLOCK = 0, WRITE = 2, SUBSCRIPTION = 48, EVENT = 32, NONBLOCK = 4;
// What is not a socket is asked again after so many milliseconds while the guest waits for both.
const SLICE = 20;

const UNITS = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** The options of wl-run for the network, as words of the form --NAME or --NAME=VALUE. `given`: whether they give one. Throws what is
 * wrong, and what to do about it. */
export function readOptions(words) {
  const policy = new Policy();
  const options = { self: 'node', given: false, rules: [], listenRules: [], log: null,
    limits: { sockets: 1024, listening: 64, lookups: Infinity, received: Infinity, sent: Infinity } };
  const rule = (list, add) => (value, word) => {
    try {
      policy[add](value);
    } catch (error) {
      throw new Error(`cannot use ${word}: ${error.message}`);
    }
    options[list].push(value);
    options.given = true;
  };
  const size = (limit) => (value, word) => {
    const match = /^([0-9]{1,15})([KMG]?)$/.exec(value);
    if (!match || Number(match[1]) === 0) throw new Error(`cannot use ${word}: write a size of 1 or more bytes, as in 500M`);
    options.limits[limit] = Number(match[1]) * UNITS[match[2]];
  };
  const count = (limit, most) => (value, word) => {
    if (!/^[1-9][0-9]{0,9}$/.test(value) || value > most) throw new Error(`cannot use ${word}: write a number from 1 to ${most}`);
    options.limits[limit] = Number(value);
  };
  const kinds = {
    'net-listen': rule('listenRules', 'allowListening'),
    'max-received': size('received'),
    'max-sent': size('sent'),
    'max-sockets': count('sockets', 65000),
    'max-listening': count('listening', 65000),
    'max-lookups': count('lookups', 2147483647),
    'net-log'(value) {
      try {
        if (value !== '-') appendFileSync(value, '');
      } catch (error) {
        throw new Error(`cannot write to ${value} (${error.code}): --net-log takes a file that you may write, or - for standard error`);
      }
      options.log = value;
    },
  };
  for (const word of words) {
    const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    if (name === 'net') rule('rules', 'allow')(value ?? '*', word);
    else if (!kinds[name]) throw new Error(`unknown option ${word}`);
    else if (value === undefined) throw new Error(`${word} needs a value: write ${word}=VALUE`);
    else kinds[name](value, word);
  }
  return options;
}

/** A directory that node gives the guest as the channel: it only keeps the number. preopens: those of the guest so far. */
export function channelDirectory(preopens) {
  const directory = mkdtempSync(join(tmpdir(), 'wl-channel-'));
  preopens[CHANNEL] = directory;
  // Once it is open it can go, so that nothing can ever be made in it.
  return { fd: 2 + Object.keys(preopens).length, remove: () => rmdirSync(directory) };
}

/** Puts the calls of sockets before those of `calls`, WASI's. options: what readOptions() gave. Returns
 * { setMemory(memory), end() }; end() waits until what was sent has left. */
export function giveNetwork(calls, channel, options) {
  const flag = new Int32Array(new SharedArrayBuffer(4));
  const { port1: port, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./sockets.mjs', import.meta.url), {
    workerData: { ...options, flag: flag.buffer, port: port2 },
    transferList: [port2],
  });
  worker.unref();
  let memory;
  const view = () => new DataView(memory.buffer);
  const bytes = (at, size) => new Uint8Array(memory.buffer, at, size);
  /** The numbers that are sockets. */
  const sockets = new Set();

  /** Asks the other thread, and waits. Throws WASI's number. */
  function ask(...message) {
    Atomics.store(flag, 0, 0);
    port.postMessage(message);
    Atomics.wait(flag, 0, 0);
    const { error, value } = receiveMessageOnPort(port).message;
    if (error) throw error;
    return value;
  }

  // ---- The channel ----

  function answer(path, size, at, room, result) {
    if (size >= MOST_REQUEST) throw ERRNO.ENAMETOOLONG;
    const words = Buffer.from(bytes(path, size)).toString('latin1');
    const text = Buffer.from(String(ask('ask', words) ?? ''));
    if (/^net\.(socket|pair) /.test(words)) for (const fd of String(text).split(' ')) sockets.add(Number(fd));
    if (text.length > room) throw ERRNO.EOVERFLOW;
    bytes(at, room).set(text);
    view().setUint32(result, text.length, true);
  }

  /** Where each call has the descriptors of directories. */
  const directories = {
    fd_readdir: [0], path_create_directory: [0], path_filestat_get: [0], path_filestat_set_times: [0], path_link: [0, 4], path_open: [0],
    path_readlink: [0], path_remove_directory: [0], path_rename: [0, 3], path_symlink: [2], path_unlink_file: [0], fd_close: [0],
    fd_renumber: [0, 1], fd_filestat_get: [0], fd_filestat_set_times: [0],
  };
  for (const [name, places] of Object.entries(directories)) {
    const inner = calls[name];
    calls[name] = (...words) => {
      if (!places.some((place) => words[place] === channel)) return inner(...words);
      return name === 'path_readlink' ? guarded(() => answer(...words.slice(1))) : ERRNO.ENOTCAPABLE;
    };
  }

  function guarded(call) {
    try {
      call();
      return ERRNO.SUCCESS;
    } catch (error) {
      if (typeof error === 'number') return error;
      if (error instanceof RangeError) return 21; // EFAULT: outside the memory
      throw error;
    }
  }

  // ---- Calls on sockets ----

  /** The buffers of a call, as parts of the memory. */
  function buffers(at, n) {
    const parts = [];
    for (let i = 0; i < n; i++) parts.push(bytes(view().getUint32(at + 8 * i, true), view().getUint32(at + 8 * i + 4, true)));
    return parts;
  }

  function receive(fd, vectors, n, flags, result, outFlags) {
    const most = buffers(vectors, n).reduce((sum, part) => sum + part.length, 0);
    const { data, truncated } = ask('receive', fd, most, Boolean(flags & 1), Boolean(flags & 2));
    let at = 0;
    for (const part of buffers(vectors, n)) {
      part.set(data.subarray(at, at + part.length));
      at += part.length;
    }
    view().setUint32(result, data.length, true);
    if (outFlags !== undefined) view().setUint16(outFlags, Number(truncated), true);
  }

  function send(fd, vectors, n, result) {
    // (A copy: the other thread cannot see the memory.)
    view().setUint32(result, ask('send', fd, new Uint8Array(Buffer.concat(buffers(vectors, n)))), true);
  }

  const own = {
    fd_close(fd) {
      sockets.delete(fd);
      ask('close', fd);
    },
    fd_fdstat_get(fd, at) {
      view().setUint8(at, TYPES[ask('type', fd)]);
      view().setUint16(at + 2, ask('isNonBlocking', fd) ? NONBLOCK : 0, true);
      view().setBigUint64(at + 8, RIGHTS, true);
      view().setBigUint64(at + 16, RIGHTS, true);
    },
    fd_fdstat_set_flags: (fd, flags) => ask('nonBlocking', fd, Boolean(flags & NONBLOCK)),
    fd_filestat_get(fd, at) {
      bytes(at, 64).fill(0);
      view().setUint8(at + 16, TYPES[ask('type', fd)]);
      view().setBigUint64(at + 24, 1n, true);
    },
    fd_read: (fd, vectors, n, result) => receive(fd, vectors, n, 0, result),
    fd_write: send,
    fd_seek() {
      throw ERRNO.ESPIPE;
    },
    fd_tell() {
      throw ERRNO.ESPIPE;
    },
    sock_recv: receive,
    sock_send: (fd, vectors, n, flags, result) => send(fd, vectors, n, result),
    sock_accept(fd, flags, result) {
      const accepted = ask('accept', fd, Boolean(flags & NONBLOCK));
      sockets.add(accepted);
      view().setUint32(result, accepted, true);
    },
    sock_shutdown(fd, how) {
      if (!how || how & ~3) throw ERRNO.EINVAL;
      ask('shutdown', fd, Boolean(how & 1), Boolean(how & 2));
    },
  };
  const inners = { ...calls };
  for (const [name, call] of Object.entries(own)) {
    const inner = inners[name];
    calls[name] = (fd, ...words) => (sockets.has(fd) ? guarded(() => call(fd, ...words)) : inner(fd, ...words));
  }
  const renumber = calls.fd_renumber, open = calls.path_open, closeFile = inners.fd_close;
  calls.fd_renumber = (from, to) => {
    if (!sockets.has(from) && !sockets.has(to)) return renumber(from, to);
    // A socket and a file cannot change places, since they have different tables.
    if (!sockets.has(from) || !sockets.has(to)) return ERRNO.ENOTSUP;
    return guarded(() => {
      ask('renumber', from, to);
      sockets.delete(from);
    });
  };
  calls.path_open = (...words) => {
    const error = open(...words), fd = error ? 0 : view().getUint32(words[8], true);
    if (!sockets.has(fd)) return error;
    // Only if so many files are open that their numbers meet those of sockets.
    closeFile(fd);
    return ERRNO.EMFILE;
  };

  // ---- Waiting ----

  const now = (clock) => (clock === 0 ? BigInt(Date.now()) * 1000000n : process.hrtime.bigint());
  const pollFiles = calls.poll_oneoff;

  function subscriptions(at, n) {
    const list = [];
    for (let i = 0; i < n; i++) {
      const v = new DataView(memory.buffer, at + SUBSCRIPTION * i, SUBSCRIPTION);
      const sub = { at: at + SUBSCRIPTION * i, data: v.getBigUint64(0, true), tag: v.getUint8(8), fd: v.getUint32(16, true) };
      if (sub.tag === CLOCK) {
        const clock = v.getUint32(16, true), time = v.getBigUint64(24, true);
        sub.end = v.getUint16(40, true) & 1 ? time - now(clock) : time;
        sub.end = process.hrtime.bigint() + (sub.end > 0n ? sub.end : 0n);
      }
      list.push(sub);
    }
    return list;
  }

  /** Which of the descriptors that are none of ours are ready now: their events, as bytes. */
  function readyFiles(list, at, out, result) {
    if (!list.length) return [];
    // WASI's own call gets them with a clock that ends at once, in the place of the guest's list, which is put back.
    const kept = bytes(at, SUBSCRIPTION * (list.length + 1)).slice();
    const subs = list.map((sub) => bytes(sub.at, SUBSCRIPTION).slice());
    subs.forEach((sub, i) => bytes(at + SUBSCRIPTION * i, SUBSCRIPTION).set(sub));
    bytes(at + SUBSCRIPTION * subs.length, SUBSCRIPTION).fill(0);
    view().setUint32(at + SUBSCRIPTION * subs.length + 16, 1, true);
    const error = pollFiles(at, out, subs.length + 1, result);
    bytes(at, kept.length).set(kept);
    // What cannot be waited for, as /dev/null in Node, counts as ready.
    if (error) return list.map((sub) => event(sub, {}));
    const events = [];
    for (let i = 0; i < view().getUint32(result, true); i++) {
      const event = bytes(out + EVENT * i, EVENT).slice();
      if (event[10] !== CLOCK) events.push(event);
    }
    return events;
  }

  function event(sub, { error = 0, bytes: waiting = 0, ended = false }) {
    const e = new DataView(new ArrayBuffer(EVENT));
    e.setBigUint64(0, sub.data, true);
    e.setUint16(8, error, true);
    e.setUint8(10, sub.tag);
    e.setBigUint64(16, BigInt(waiting), true);
    e.setUint16(24, Number(ended), true);
    return new Uint8Array(e.buffer);
  }

  calls.poll_oneoff = (at, out, n, result) => {
    let list, ours;
    const error = guarded(() => {
      list = subscriptions(at, n);
      ours = list.filter((sub) => sub.tag !== CLOCK && sockets.has(sub.fd));
    });
    if (error) return error;
    if (!ours.length) return pollFiles(at, out, n, result);
    return guarded(() => {
      const clocks = list.filter((sub) => sub.tag === CLOCK);
      const files = list.filter((sub) => sub.tag !== CLOCK && !sockets.has(sub.fd));
      const wanted = ours.map((sub) => [sub.fd, sub.tag === WRITE]);
      for (;;) {
        let wait = clocks.reduce((least, { end }) => Math.min(least, Number(end - process.hrtime.bigint()) / 1e6), Infinity);
        const events = readyFiles(files, at, out, result);
        if (events.length || wait < 0) wait = 0;
        if (files.length) wait = Math.min(wait, SLICE);
        for (const found of ask('poll', wanted, wait === Infinity ? null : wait)) events.push(event(ours[found.at], found));
        for (const sub of clocks) if (!events.length && sub.end <= process.hrtime.bigint()) events.push(event(sub, {}));
        if (!events.length) continue;
        events.forEach((e, i) => bytes(out + EVENT * i, EVENT).set(e));
        view().setUint32(result, events.length, true);
        return;
      }
    });
  };

  return {
    setMemory(of) {
      memory = of;
    },
    end: () => ask('end'),
  };
}
