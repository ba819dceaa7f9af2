// The set `net` of the channel (docs/channel.md), and the calls of WASI on sockets. The sockets are elsewhere (sockets.mjs).
import { ERRNO, guarded } from '../guest.mjs';
import { joined } from '../bytes.mjs';
import { Numbers } from './numbers.mjs';

const TYPES = { dgram: 5, stream: 6 };
// fd_read, fd_fdstat_set_flags, fd_write, fd_filestat_get, poll_fd_readwrite, sock_shutdown, sock_accept
const RIGHTS = [1, 3, 6, 21, 27, 28, 29].reduce((all, bit) => all | (1n << BigInt(bit)), 0n);
const NONBLOCK = 4;
/** Requests that may wait. */
const WAITS = /^net\.(connect|resolve) /;

/** Puts the calls on sockets before those of `calls`, and serves the set of the channel. line: how this thread asks for
 * them (node/line.mjs, page/line.mjs, page/alone.mjs): numbers, those of the sockets; send(MESSAGE); received(), the answer, or undefined; most,
 * the bytes that an answer has room for. Returns what givePoll() needs of sockets, and end(), which waits until what was sent has left. */
export function giveNetwork(calls, guest, channel, waiter, line) {
  const sockets = new Numbers(line.numbers), bytes = (at, size) => guest.bytes(at, size), view = () => guest.view();
  const received = () => line.received();

  /** Throws WASI's number. */
  function result({ error, value }) {
    if (error) throw error;
    return value;
  }

  /** Asks, and waits. */
  function ask(...message) {
    line.send(message);
    return result(waiter.until(received));
  }

  /** The same for what may take time: other threads of the guest run meanwhile. */
  function askAway(...message) {
    line.send(message);
    return result(waiter.away(received));
  }

  /** Which of [FD, WRITING] are ready, after so many milliseconds or a wake at the latest. */
  function poll(wanted, ms) {
    line.send(['poll', wanted, ms === Infinity ? null : ms]);
    let answer = waiter.away(received, Infinity, true);
    if (!answer) {
      line.send(['stop']);
      answer = waiter.until(received);
    }
    return result(answer);
  }

  /** Waits until what was sent has left. (A guest that another thread has ended may not have taken the answer before this one.) */
  function end() {
    line.send(['end']);
    waiter.until(() => (received()?.value === 'ended' ? true : undefined));
  }

  channel.serve('net', 1, (text) => {
    const answer = (WAITS.test(text) ? askAway : ask)('ask', text);
    if (/^net\.(socket|pair) /.test(text)) for (const fd of String(answer).split(' ')) sockets.set(Number(fd), true);
    return answer;
  });

  // ---- Calls on sockets ----

  function receiveAll(fd, wanted, peek, all) {
    const most = Math.min(wanted, line.most), answer = askAway('receive', fd, most, peek, all), parts = [answer.data];
    let left = wanted - answer.data.length, last = answer.data.length;
    // Some lines have room for a part only.
    while (all && !peek && last === most && left > 0) {
      const more = { data: [] };
      if (guarded(() => Object.assign(more, askAway('receive', fd, Math.min(left, most), false, true)))) break;
      parts.push(more.data);
      last = more.data.length;
      left -= last;
    }
    return { data: parts.length > 1 ? joined(parts) : answer.data, truncated: answer.truncated };
  }

  function receive(fd, vectors, n, flags, result, outFlags) {
    const wanted = guest.buffers(vectors, n).reduce((sum, part) => sum + part.length, 0);
    const { data, truncated } = receiveAll(fd, wanted, Boolean(flags & 1), Boolean(flags & 2));
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
    view().setUint32(result, askAway('send', fd, joined(guest.buffers(vectors, n))), true);
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
