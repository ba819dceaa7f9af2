// The set `net` of the channel (docs/channel.md), and the calls of WASI on sockets. The sockets are in another thread (sockets.mjs).
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { ERRNO, guarded } from '../guest.mjs';
import { Numbers } from './numbers.mjs';

const TYPES = { dgram: 5, stream: 6 };
// fd_read, fd_fdstat_set_flags, fd_write, fd_filestat_get, poll_fd_readwrite, sock_shutdown, sock_accept
const RIGHTS = [1, 3, 6, 21, 27, 28, 29].reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
const NONBLOCK = 4;
/** Requests that may wait. */
const WAITS = /^net\.(connect|resolve) /;

/** Starts the thread of the sockets. options: what readOptions() gave; waiter: how the guest's first thread waits. Returns its line to
 * it, for giveNetwork(), and join(bell), which makes one for a further thread with that bell. */
export function startSockets(options, waiter) {
  const numbers = Numbers.make(options.limits.sockets), { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./sockets.mjs', import.meta.url), {
    workerData: { ...options, bells: waiter.words.buffer, bell: waiter.bell, port: port2 },
    transferList: [port2],
  });
  worker.unref();
  return {
    port: port1,
    numbers,
    join(bell) {
      const line = new MessageChannel();
      port1.postMessage(['join', bell, line.port2], [line.port2]);
      return { port: line.port1, numbers };
    },
  };
}

/** Puts the calls on sockets before those of `calls`, and serves the set of the channel. line: of startSockets(). Returns what
 * givePoll() needs of sockets, and end(), which waits until what was sent has left. */
export function giveNetwork(calls, guest, channel, waiter, { port, numbers }) {
  const sockets = new Numbers(numbers), bytes = (at, size) => guest.bytes(at, size), view = () => guest.view();
  const received = () => receiveMessageOnPort(port)?.message;

  /** Throws WASI's number. */
  function result({ error, value }) {
    if (error) throw error;
    return value;
  }

  /** Asks the other thread, and waits. */
  function ask(...message) {
    port.postMessage(message);
    return result(waiter.until(received));
  }

  /** The same for what may take time: other threads of the guest run meanwhile. */
  function askAway(...message) {
    port.postMessage(message);
    return result(waiter.away(received));
  }

  /** Which of [FD, WRITING] are ready, after so many milliseconds or a wake at the latest. */
  function poll(wanted, ms) {
    port.postMessage(['poll', wanted, ms === Infinity ? null : ms]);
    let answer = waiter.away(received, Infinity, true);
    if (!answer) {
      port.postMessage(['stop']);
      answer = waiter.until(received);
    }
    return result(answer);
  }

  /** Waits until what was sent has left. (A guest that another thread has ended may not have taken the answer before this one.) */
  function end() {
    port.postMessage(['end']);
    waiter.until(() => (received()?.value === 'ended' ? true : undefined));
  }

  channel.serve('net', 1, (text) => {
    const answer = (WAITS.test(text) ? askAway : ask)('ask', text);
    if (/^net\.(socket|pair) /.test(text)) for (const fd of String(answer).split(' ')) sockets.set(Number(fd), true);
    return answer;
  });

  // ---- Calls on sockets ----

  function receive(fd, vectors, n, flags, result, outFlags) {
    const most = guest.buffers(vectors, n).reduce((sum, part) => sum + part.length, 0);
    const { data, truncated } = askAway('receive', fd, most, Boolean(flags & 1), Boolean(flags & 2));
    let at = 0;
    for (const part of guest.buffers(vectors, n)) {
      part.set(data.subarray(at, at + part.length));
      at += part.length;
    }
    view().setUint32(result, data.length, true);
    if (outFlags !== undefined) view().setUint16(outFlags, Number(truncated), true);
  }

  function send(fd, vectors, n, result) {
    // (A copy: the other thread cannot see the memory.)
    view().setUint32(result, askAway('send', fd, new Uint8Array(Buffer.concat(guest.buffers(vectors, n)))), true);
  }

  const own = {
    fd_close(fd) {
      sockets.set(fd, false);
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
      const accepted = askAway('accept', fd, Boolean(flags & NONBLOCK));
      sockets.set(accepted, true);
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
      sockets.set(from, false);
    });
  };
  calls.path_open = (...words) => {
    const error = open(...words), fd = error ? 0 : view().getUint32(words[8], true);
    if (!sockets.has(fd)) return error;
    // Only if so many files are open that their numbers meet those of sockets.
    closeFile(fd);
    return ERRNO.EMFILE;
  };

  return { has: (fd) => sockets.has(fd), poll, end };
}
