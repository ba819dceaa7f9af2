// The sockets of a guest, in a thread of their own: a thread of the guest waits for each answer, as WASI's calls return only
// then, and Node's sockets need a thread that does not wait. Each message is a request, [NAME, WORD...], and has one answer,
// { error } or { value }; error is WASI's number.
import dns from 'node:dns';
import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { E, Failure, fail, numberOf, policy, refuse, refuseMore, remember, word } from './common.mjs';
import { Datagrams } from './datagrams.mjs';
import { FIRST, following } from './numbers.mjs';
import { Paired } from './pair.mjs';
import { addressText, endText, parseAddress, parseName } from './policy.mjs';
import { Stream, flushing } from './stream.mjs';

const { limits, self } = workerData;
const left = { ...limits };
const sockets = new Map();

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

async function resolve(family, text) {
  one(family, '0', '4', '6');
  const name = parseName(text);
  if (name === null) return '! noname';
  if (!policy.mayLookUp(name)) {
    refuse('looking up', name, '--net');
    return '! fail';
  }
  if (left.lookups === 0) {
    refuseMore('looking up', name, '--max-lookups', limits.lookups);
    return '! fail';
  }
  left.lookups--;
  let answers;
  try {
    answers = await dns.promises.lookup(name, { all: true, family: Number(family), verbatim: true });
  } catch (error) {
    return { EAI_AGAIN: '! again', EAI_FAIL: '! fail', EAI_MEMORY: '! memory' }[error.code] ?? '! noname';
  }
  const given = answers.map((answer) => parseAddress(answer.address.split('%')[0])).filter((bytes) => policy.mayAnswer(name, bytes));
  for (const bytes of given) remember(bytes, name);
  if (!given.length) {
    const first = endText(parseAddress(answers[0].address.split('%')[0]), 0).replace(/:0$/, '');
    refuse('an answer for a name that points to this machine or its network,', first, '--net');
    return '! fail';
  }
  return given.map((bytes) => word(addressText(bytes), 0)).join('\n');
}

/** Each with the least and the greatest number of words. */
const requests = {
  'net.socket': [2, 2, (family, type) => {
    one(family, '4', '6');
    one(type, 'stream', 'dgram');
    return insert(type === 'stream' ? new Stream(Number(family)) : new Datagrams(Number(family)));
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
  'net.listen': [2, 2, async (fd, backlog) => {
    const socket = named(fd);
    const before = socket.listening;
    // (While it begins to listen nobody asks for more: the guest's other threads do not run.)
    await socket.listen(integer(backlog, ...I32), left.listening > 0, limits.listening);
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

/** Waits until one of [FD, WRITING] is ready, or for so many milliseconds, or until line.stop() is called. Gives the events of those
 * that are. */
async function poll(line, wanted, milliseconds) {
  const ready = () => wanted.map(([fd, writing], at) => {
    const socket = sockets.get(fd);
    if (!socket) return { at, error: E.EBADF };
    if (!(writing ? socket.writable() : socket.readable())) return null;
    return { at, error: 0, bytes: writing ? 0 : socket.waitingBytes(), ended: Boolean(socket.ended) };
  }).filter(Boolean);
  let events = ready();
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
      events = ready();
      if (events.length) done();
    };
    for (const [fd] of wanted) stops.push(sockets.get(fd).onChange(wake));
    line.stop = done;
  });
  line.stop = null;
  return events;
}

const calls = {
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
  async receive(fd, most, peek, all) {
    const socket = find(fd);
    if (left.received === 0) fail('EDQUOT');
    const answer = await socket.receive(most, peek, all);
    if (!peek) left.received -= Math.min(answer.data.length, left.received);
    return answer;
  },
  async send(fd, data) {
    const socket = find(fd);
    if (data.length > left.sent) fail('EDQUOT');
    // (Another thread may send meanwhile.)
    left.sent -= data.length;
    let n = 0;
    try {
      n = await socket.send(Buffer.from(data.buffer, data.byteOffset, data.length));
    } finally {
      left.sent += data.length - n;
    }
    return n;
  },
  async accept(fd, nonBlocking) {
    if (left.sockets === 0) fail('EMFILE');
    const accepted = await find(fd).accept();
    accepted.nonBlocking = nonBlocking;
    try {
      return insert(accepted);
    } catch (error) {
      // Another thread has taken the last one meanwhile.
      await accepted.close();
      throw error;
    }
  },
  shutdown: (fd, read, write) => find(fd).shutdown(read, write),
  async close(fd) {
    const socket = find(fd);
    sockets.delete(fd);
    left.sockets++;
    if (socket.listening) left.listening++;
    await socket.close();
    socket.leave();
  },
  async renumber(from, to) {
    const socket = find(from);
    await calls.close(to);
    sockets.delete(from);
    sockets.set(to, socket);
  },
  /** At the guest's end: what it has sent still leaves. */
  async end() {
    await Promise.all([...sockets.keys()].map((fd) => calls.close(fd)));
    await Promise.race([Promise.all(flushing), new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    return 'ended';
  },
};

// Without this thread, that of the guest would never stop waiting.
process.on('uncaughtException', (error) => {
  writeSync(2, `${self}: ${error.stack}\n`);
  process.kill(process.pid, 'SIGKILL');
});

const bells = new Int32Array(workerData.bells);

/** Serves a thread of the guest: its requests come by the port, and the bell wakes it after each answer. */
function serve(port, bell) {
  const line = { stop: null };
  port.on('message', async ([name, ...words]) => {
    if (name === 'join') return serve(words[1], words[0]);
    if (name === 'stop') return line.stop?.();
    let answer;
    try {
      answer = { value: (await (name === 'poll' ? poll(line, ...words) : calls[name](...words))) ?? null };
    } catch (error) {
      answer = { error: error instanceof Failure ? error.number : numberOf(error) };
    }
    port.postMessage(answer);
    Atomics.add(bells, bell, 1);
    Atomics.notify(bells, bell);
  });
}
serve(workerData.port, workerData.bell);
