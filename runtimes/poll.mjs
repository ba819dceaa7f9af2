// Waiting (poll_oneoff): for sockets, which the runtime does not know, and in a guest with threads, so that others run meanwhile.
import { ERRNO, guarded } from './guest.mjs';

const CLOCK = 0, WRITE = 2, SUBSCRIPTION = 48, EVENT = 32;
/** What is not a socket is asked again after so many milliseconds. */
export const SLICE = 20;
const NO_SOCKETS = { has: () => false };

const nanoseconds = () => BigInt(Math.round(performance.now() * 1e6));

/** Makes a subscription to reading. */
export function readSubscription(fd) {
  const sub = new DataView(new ArrayBuffer(SUBSCRIPTION));
  sub.setUint8(8, 1);
  sub.setUint32(16, fd, true);
  return new Uint8Array(sub.buffer);
}

/** Asks WASI's own call which of some subscriptions, none of which is a clock, are ready now. Returns their events. All are bytes. `at`
 * and `out` are places in the memory for one subscription and one event more than there are, `result` one for a number. */
export function askFiles(guest, pollFiles, subs, at, out, result) {
  const n = subs.length + 1, places = [[at, SUBSCRIPTION * n], [out, EVENT * n], [result, 4]];
  // What is there is put back.
  const kept = places.map(([place, size]) => guest.bytes(place, size).slice());
  // With a clock of a millisecond: Node's looks at files only if the clock has not ended before.
  guest.bytes(at, SUBSCRIPTION * n).fill(0);
  subs.forEach((sub, i) => guest.bytes(at + SUBSCRIPTION * i, SUBSCRIPTION).set(sub));
  guest.view().setUint32(at + SUBSCRIPTION * subs.length + 16, 1, true);
  guest.view().setBigUint64(at + SUBSCRIPTION * subs.length + 24, 1000000n, true);
  const error = pollFiles(at, out, n, result), events = [];
  for (let i = 0; !error && i < guest.view().getUint32(result, true); i++) events.push(guest.bytes(out + EVENT * i, EVENT).slice());
  places.forEach(([place], i) => guest.bytes(place, kept[i].length).set(kept[i]));
  // What cannot be waited for, as /dev/null in Node, counts as ready.
  if (error) return subs.map((sub) => event(sub, {}));
  return events.filter((e) => e[10] !== CLOCK);
}

function event(sub, { error = 0, bytes = 0, ended = false }) {
  const e = new DataView(new ArrayBuffer(EVENT)), to = new Uint8Array(e.buffer);
  to.set(sub.subarray(0, 8));
  e.setUint16(8, error, true);
  e.setUint8(10, sub[8]);
  e.setBigUint64(16, BigInt(bytes), true);
  e.setUint16(24, Number(ended), true);
  return to;
}

/** Puts the call before that of `calls`. waiter: how this thread waits. clock(number): what WASI's clock says, in ns. sockets: which
 * descriptors are sockets, and how to wait for them. */
export function givePoll(calls, guest, waiter, clock, sockets = NO_SOCKETS) {
  const pollFiles = calls.poll_oneoff;

  function subscriptions(at, n) {
    const list = [];
    for (let i = 0; i < n; i++) {
      const bytes = guest.bytes(at + SUBSCRIPTION * i, SUBSCRIPTION).slice(), v = new DataView(bytes.buffer);
      const sub = { bytes, clock: bytes[8] === CLOCK, fd: v.getUint32(16, true) };
      if (sub.clock) {
        const time = v.getBigUint64(24, true);
        sub.end = v.getUint16(40, true) & 1 ? time - clock(sub.fd) : time;
        sub.end = nanoseconds() + (sub.end > 0n ? sub.end : 0n);
      }
      list.push(sub);
    }
    return list;
  }

  function wait(list, at, out, result) {
    const clocks = list.filter((sub) => sub.clock), ours = list.filter((sub) => !sub.clock && sockets.has(sub.fd));
    const files = list.filter((sub) => !sub.clock && !sockets.has(sub.fd)).map((sub) => sub.bytes);
    const wanted = ours.map((sub) => [sub.fd, sub.bytes[8] === WRITE]);
    for (;;) {
      let ms = clocks.reduce((least, { end }) => Math.min(least, Number(end - nanoseconds()) / 1e6), Infinity);
      const events = files.length ? askFiles(guest, pollFiles, files, at, out, result) : [];
      if (events.length || ms < 0) ms = 0;
      if (files.length) ms = Math.min(ms, SLICE);
      waiter.woken = false;
      if (ours.length) for (const found of sockets.poll(wanted, ms)) events.push(event(ours[found.at].bytes, found));
      else if (ms) waiter.away(() => undefined, ms, true);
      for (const sub of clocks) if (!events.length && sub.end <= nanoseconds()) events.push(event(sub.bytes, {}));
      if (events.length) return events;
      if (waiter.woken) throw ERRNO.EINTR;
    }
  }

  calls.poll_oneoff = (at, out, n, result) => {
    let list;
    const error = guarded(() => {
      list = subscriptions(at, n);
    });
    if (error) return error;
    if (n === 0 || (!waiter.hasOthers() && !list.some((sub) => !sub.clock && sockets.has(sub.fd)))) return pollFiles(at, out, n, result);
    const failed = guarded(() => {
      const events = wait(list, at, out, result);
      events.forEach((e, i) => guest.bytes(out + EVENT * i, EVENT).set(e));
      guest.view().setUint32(result, events.length, true);
    });
    waiter.polled();
    return failed;
  };
}
