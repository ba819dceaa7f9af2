// The sockets of a guest: what its requests and calls do. Where the guest's threads wait for sockets, these are in a thread of their own,
// which does not wait (node/thread.mjs, page/thread.mjs). Elsewhere its one thread has them itself (page/alone.mjs). Each message is
// a request, [NAME, WORD...], and has one answer, { error } or { value }; error is WASI's number.
import { E, Failure, begin, fail, machine, numberOf, refuseMore, wait, word } from './common.mjs';
import { FIRST, following } from './numbers.mjs';
import { Paired } from './pair.mjs';
import { addressText, parseAddress, parseName } from './policy.mjs';
import { Stream, flushing } from './stream.mjs';

let limits;
const left = {};
const sockets = new Map();

/** Once, before all else. settings: { rules, listenRules, limits, self }. */
export function beginSockets(settings, theMachine, log) {
  begin(settings, theMachine, log);
  limits = settings.limits;
  Object.assign(left, limits);
}

// ---- Numbers ----

function insert(socket) {
  if (left.sockets === 0) fail('EMFILE');
  let fd = FIRST;
  while (sockets.has(fd)) fd = following(fd);
  sockets.set(fd, socket);
  left.sockets--;
  return fd;
}

function find(fd) {
  return sockets.get(fd) ?? fail('EBADF');
}

// ---- Requests of the channel ----

const integer = (text, least, most) => {
  if (!/^-?[0-9]{1,17}$/.test(text) || Number(text) < least || Number(text) > most) fail('EINVAL');
  return Number(text);
};
const one = (text, ...values) => (values.includes(text) ? text : fail('EINVAL'));
const address = (text) => parseAddress(text) ?? fail('EINVAL');
const port = (text) => integer(text, 0, 65535);
const I32 = [-(2 ** 31), 2 ** 31 - 1];
const named = (text) => find(integer(text, 0, I32[1]));

function *resolve(family, text) {
  one(family, '0', '4', '6');
  const name = parseName(text);
  if (name === null) return '! noname';
  if (!machine.mayLookUp(name)) return '! fail';
  if (left.lookups === 0) {
    refuseMore('looking up', name, '--max-lookups', limits.lookups);
    return '! fail';
  }
  left.lookups--;
  const { error, addresses } = yield machine.lookUp(name, Number(family));
  return error ? `! ${error}` : addresses.map((bytes) => word(addressText(bytes), 0)).join('\n');
}

/** Each with the least and the greatest number of words. */
const requests = {
  'net.socket': [2, 2, (family, type) => {
    one(family, '4', '6');
    one(type, 'stream', 'dgram');
    return insert(type === 'stream' ? new Stream(Number(family)) : machine.datagrams(Number(family)));
  }],
  'net.pair': [1, 1, (type) => {
    const a = new Paired(one(type, 'stream', 'dgram')), b = new Paired(type);
    a.other = b;
    b.other = a;
    if (left.sockets < 2) fail('EMFILE');
    return `${insert(a)} ${insert(b)}`;
  }],
  'net.connect': [3, 3, (fd, a, p) => named(fd).connect(address(a), port(p))],
  'net.bind': [3, 3, (fd, a, p) => named(fd).bind(address(a), port(p))],
  'net.listen': [2, 2, function *(fd, backlog) {
    const socket = named(fd);
    const before = socket.listening;
    // (While it begins to listen nobody asks for more: the guest's other threads do not run.)
    yield* socket.listen(integer(backlog, ...I32), left.listening > 0, limits.listening);
    if (!before) left.listening--;
  }],
  'net.name': [1, 1, (fd) => named(fd).name()],
  'net.peer': [1, 1, (fd) => named(fd).peer()],
  'net.from': [1, 1, (fd) => {
    const { from } = named(fd);
    return from ? word(from.address, from.port) : fail('ENOTCONN');
  }],
  'net.to': [3, 3, (fd, a, p) => {
    const socket = named(fd);
    if (!socket.setTarget) fail('EISCONN');
    socket.setTarget(address(a), port(p));
  }],
  'net.option': [2, 3, (fd, name, value) => named(fd).option(name, value === undefined ? value : integer(value, ...I32))],
  'net.linger': [1, 3, (fd, on, seconds) => {
    const socket = named(fd);
    if (!socket.linger) fail('ENOPROTOOPT');
    if (on === undefined) return socket.linger.join(' ');
    if (seconds === undefined) fail('EINVAL');
    const wanted = [Number(integer(on, ...I32) !== 0), integer(seconds, 0, I32[1])];
    // Node can only reset a connection, or let it send in the background.
    if (wanted[0] && wanted[1]) fail('ENOPROTOOPT');
    socket.linger = wanted;
    return null;
  }],
  'net.resolve': [2, 2, resolve],
};

// ---- WASI's calls on sockets ----

/** Of what is a generator or gives a promise. */
function *steps(result) {
  return typeof result?.next === 'function' ? yield* result : yield result;
}

/** Those of [FD, WRITING] that are ready, as events. */
export function ready(wanted) {
  return wanted.map(([fd, writing], at) => {
    const socket = sockets.get(fd);
    if (!socket) return { at, error: E.EBADF };
    if (!(writing ? socket.writable() : socket.readable())) return null;
    return { at, error: 0, bytes: writing ? 0 : socket.waitingBytes(), ended: Boolean(socket.ended) };
  }).filter(Boolean);
}

/** Waits until one of [FD, WRITING] is ready, or for so many milliseconds, or until line.stop() is called. Gives the events of those
 * that are. */
async function poll(line, wanted, milliseconds) {
  let events = ready(wanted);
  if (events.length || milliseconds === 0) return events;
  await new Promise((resolve) => {
    const stops = [];
    // (A timer fires late if it is set to more than this.)
    const timer = milliseconds === null ? null : setTimeout(done, Math.min(Math.ceil(milliseconds), 2 ** 31 - 1));
    function done() {
      clearTimeout(timer);
      for (const stop of stops) stop();
      resolve();
    }
    const wake = () => {
      events = ready(wanted);
      if (events.length) done();
    };
    for (const [fd] of wanted) stops.push(sockets.get(fd).onChange(wake));
    line.stop = done;
  });
  line.stop = null;
  return events;
}

export const calls = {
  ask(text) {
    const words = text.split(' ');
    if (!/^[!-~]+( [!-~]+)*$/.test(text)) fail('EINVAL');
    const request = requests[words[0]] ?? fail('ENOSYS');
    if (words.length - 1 < request[0] || words.length - 1 > request[1]) fail('EINVAL');
    return request[2](...words.slice(1));
  },
  type: (fd) => find(fd).type,
  nonBlocking(fd, on) {
    find(fd).nonBlocking = on;
  },
  isNonBlocking: (fd) => find(fd).nonBlocking,
  *receive(fd, most, peek, all) {
    const socket = find(fd);
    if (left.received === 0) fail('EDQUOT');
    const answer = yield* steps(socket.receive(most, peek, all));
    if (!peek) left.received -= Math.min(answer.data.length, left.received);
    return answer;
  },
  *send(fd, data) {
    const socket = find(fd);
    if (data.length > left.sent) fail('EDQUOT');
    // (Another thread may send meanwhile.)
    left.sent -= data.length;
    let n = 0;
    try {
      n = yield* steps(socket.send(data));
    } finally {
      left.sent += data.length - n;
    }
    return n;
  },
  *accept(fd, nonBlocking) {
    if (left.sockets === 0) fail('EMFILE');
    const accepted = yield* steps(find(fd).accept());
    accepted.nonBlocking = nonBlocking;
    try {
      return insert(accepted);
    } catch (error) {
      // Another thread has taken the last one meanwhile.
      accepted.close();
      throw error;
    }
  },
  shutdown: (fd, read, write) => find(fd).shutdown(read, write),
  close(fd) {
    const socket = find(fd);
    sockets.delete(fd);
    left.sockets++;
    if (socket.listening) left.listening++;
    socket.close();
    socket.leave();
  },
  renumber(from, to) {
    const socket = find(from);
    calls.close(to);
    sockets.delete(from);
    sockets.set(to, socket);
  },
  /** At the guest's end: what it has sent still leaves. */
  async end() {
    for (const fd of [...sockets.keys()]) calls.close(fd);
    await Promise.race([Promise.all(flushing), new Promise((resolve) => setTimeout(resolve, 5000))]);
    return 'ended';
  },
};

/** The answer to a failed request. */
export const failure = (error) => ({ error: error instanceof Failure ? error.number : numberOf(error) });

/** Serves a thread of the guest. Returns what takes its messages; answer(ANSWER) is called once for each. */
export function serve(answer) {
  const line = { stop: null };
  return async ([name, ...words]) => {
    if (name === 'stop') return line.stop?.();
    let given;
    try {
      given = { value: (await (name === 'poll' ? poll(line, ...words) : wait(calls[name](...words)))) ?? null };
    } catch (error) {
      given = failure(error);
    }
    answer(given);
  };
}
