// The sockets of a guest, in a thread of their own: the thread of the guest waits for each answer, as WASI's calls return only
// then, and Node's sockets need a thread that does not wait. Each message is a request, [NAME, WORD...], and has one answer,
// { error } or { value }; error is WASI's number.
import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import { workerData } from 'node:worker_threads';
import { Policy, addressText, endText, parseAddress, parseName } from './policy.mjs';

const E = {
  EACCES: 2, EADDRINUSE: 3, EADDRNOTAVAIL: 4, EAFNOSUPPORT: 5, EAGAIN: 6, EALREADY: 7, EBADF: 8, ECONNABORTED: 13, ECONNREFUSED: 14,
  ECONNRESET: 15, EDESTADDRREQ: 17, EDQUOT: 19, EHOSTUNREACH: 23, EINPROGRESS: 26, EINVAL: 28, EIO: 29, EISCONN: 30, EMFILE: 33,
  EMSGSIZE: 35, ENETDOWN: 38, ENETUNREACH: 40, ENOBUFS: 42, ENOPROTOOPT: 50, ENOSYS: 52, ENOTCONN: 53, ENOTSUP: 58, EPERM: 63,
  EPIPE: 64, ETIMEDOUT: 73,
};
// HIGH: bytes that wait on their way in or out of one socket; more are not taken.
const HIGH = 256 << 10, MOST_DATAGRAMS = 256, MOST_HEARD = 256, MOST_RECENT = 256, MOST_DATAGRAM = 65507;

class Failure extends Error {
  constructor(number) {
    super();
    this.number = number;
  }
}
const fail = (name) => {
  throw new Failure(E[name]);
};
const numberOf = (error) => E[error?.code] ?? E.EIO;

// ---- What the policy says ----

const { rules, listenRules, log, self, limits } = workerData;
const policy = new Policy();
for (const rule of rules) policy.allow(rule);
for (const rule of listenRules) policy.allowListening(rule);
const left = { sockets: limits.sockets, received: limits.received, sent: limits.sent };
/** Answers that the guest was given, so that a rule for a name lets through what the name has given. */
const recent = [];

function refuse(what, of, option) {
  if (log === null) return;
  const line = `${self}: ${what} ${of} refused; ${option}=${of} would allow it\n`;
  if (log === '-') writeSync(2, line);
  else appendFileSync(log, line);
}

function mayConnect(bytes, port) {
  const text = addressText(bytes);
  return policy.mayConnect(bytes, port, null) ||
    recent.some((r) => r.text === text && policy.mayConnect(bytes, port, r.name));
}

function remember(bytes, name) {
  const text = addressText(bytes);
  if (recent.some((r) => r.name === name && r.text === text)) return;
  if (recent.push({ text, name }) > MOST_RECENT) recent.shift();
}

// ---- Sockets ----

const sockets = new Map();

/** What all kinds of sockets share. A change of a socket calls the functions that wait for one. */
class Socket {
  nonBlocking = false;
  family = 4;
  error = 0;
  #waiting = new Set();

  changed = () => {
    for (const wake of [...this.#waiting]) wake();
  };

  onChange(wake) {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Waits until the condition holds; a socket that does not block fails instead. */
  async until(condition) {
    while (!condition()) {
      if (this.nonBlocking) fail('EAGAIN');
      await new Promise((resolve) => {
        const stop = this.onChange(() => {
          stop();
          resolve();
        });
      });
    }
  }

  /** An error is reported once. */
  throwError() {
    const error = this.error;
    this.error = 0;
    if (error) throw new Failure(error);
  }

  /** An address of the guest as the socket's family has it. To connect to "any" means to connect to this machine. */
  target(bytes) {
    let text = addressText(bytes);
    if (text === '0.0.0.0') text = '127.0.0.1';
    if (text === '::') text = '::1';
    if (net.isIPv4(text) && this.family === 6) return { text: `::ffff:${text}`, bytes: parseAddress(text) };
    if (net.isIPv6(text) && this.family === 4) fail('EAFNOSUPPORT');
    return { text, bytes: parseAddress(text) };
  }

  options = {};
  option(name, value) {
    if (value === undefined && name === 'error') {
      const error = this.error;
      this.error = 0;
      return error;
    }
    const set = this.setters[name];
    if (!set) fail('ENOPROTOOPT');
    if (value === undefined) return this.options[name] ?? 0;
    this.options[name] = set(value) ?? value;
    return null;
  }
}

const word = (address, port) => (net.isIPv4(address) ? `4 ${address} ${port}` : `6 ${address} ${port}`);

class Stream extends Socket {
  type = 'stream';
  parts = []; // what was received
  size = 0;
  ended = false;
  socket = null; // Node's, connected or connecting
  server = null; // Node's, of one that is bound
  queue = []; // Node's sockets, not accepted yet
  listening = false;
  anyPort = false;
  linger = [0, 0];

  constructor(family, socket = null) {
    super();
    this.family = family;
    if (socket) this.#adopt(socket);
  }

  setters = {
    reuseaddr: (on) => Number(on !== 0), // Node always does so
    keepalive: (on) => this.#keepAlive(Number(on !== 0)),
    keepidle: (seconds) => {
      if (seconds < 1) fail('EINVAL');
      this.options.keepidle = seconds;
      this.#keepAlive(this.options.keepalive ?? 0);
    },
    nodelay: (on) => {
      this.socket?.setNoDelay(on !== 0);
      return Number(on !== 0);
    },
    v6only: (on) => {
      if (this.family !== 6 || this.bound) fail('EINVAL');
      return Number(on !== 0);
    },
  };

  option(name, value) {
    if (name === 'acceptconn' && value === undefined) return Number(this.listening);
    return super.option(name, value);
  }

  #keepAlive(on) {
    this.socket?.setKeepAlive(on !== 0, (this.options.keepidle ?? 0) * 1000);
    return on;
  }

  #adopt(socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.parts.push(data);
      this.size += data.length;
      if (this.size >= HIGH) socket.pause();
      this.changed();
    });
    socket.on('end', () => {
      this.ended = true;
      this.changed();
    });
    socket.on('error', (error) => {
      this.error = numberOf(error);
      this.broken = true;
      this.changed();
    });
    for (const event of ['connect', 'drain', 'finish', 'close']) socket.on(event, this.changed);
    socket.on('close', () => {
      this.ended = true;
      this.changed();
    });
    if (this.options.nodelay) socket.setNoDelay(true);
    if (this.options.keepalive) this.#keepAlive(1);
    socket.resume();
  }

  get connecting() {
    return this.socket !== null && this.socket.connecting;
  }

  async connect(bytes, port) {
    if (this.socket && !this.connecting && !this.broken) fail('EISCONN');
    if (this.connecting) fail('EALREADY');
    if (this.listening) fail('EISCONN');
    const to = this.target(bytes);
    if (!mayConnect(to.bytes, port)) {
      refuse('connecting to', endText(to.bytes, port), '--net');
      fail('EACCES');
    }
    const own = this.bound;
    await this.#stopServer();
    this.broken = false;
    this.error = 0;
    this.#adopt(net.connect({ host: to.text, port, family: this.family, allowHalfOpen: true, localAddress: own?.address,
      localPort: own?.port }));
    if (this.nonBlocking) fail('EINPROGRESS');
    await this.until(() => !this.connecting || this.broken);
    if (this.broken) this.throwError();
  }

  async #stopServer() {
    const server = this.server;
    this.server = null;
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async bind(bytes, port) {
    if (this.bound || this.socket) fail('EINVAL');
    const text = addressText(bytes);
    if (net.isIPv4(text) !== (this.family === 4) && !net.isIPv4(text)) fail('EAFNOSUPPORT');
    // A port that the system chooses is one for answers, too, as every client has; only listening needs a rule then.
    if (port && !policy.mayBind(bytes, port, false)) {
      refuse('listening on', endText(bytes, port), '--net-listen');
      fail('EACCES');
    }
    this.anyPort = !port;
    this.bound = { address: net.isIPv4(text) && this.family === 6 ? `::ffff:${text}` : text, port };
    // Node binds and listens in one step. That can happen now if the system chooses the port, which nobody knows yet. Otherwise it
    // has to wait for listen(), because earlier connections must be refused.
    if (!port) await this.#open();
  }

  #open() {
    const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      socket.on('error', () => {});
      if (!this.listening || this.queue.length >= this.backlog) return socket.resetAndDestroy();
      this.queue.push(socket);
      this.changed();
    });
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new Failure(numberOf(error))));
      const { address: host, port } = this.bound;
      server.listen({ host, port, backlog: 511, exclusive: true, ipv6Only: Boolean(this.options.v6only) }, () => {
        this.server = server;
        this.bound = server.address();
        resolve();
      });
    });
  }

  async listen(backlog) {
    if (this.socket) fail('EINVAL');
    this.bound ??= { address: this.family === 4 ? '0.0.0.0' : '::', port: 0 };
    const bytes = parseAddress(this.bound.address), port = this.bound.port;
    if (!policy.mayBind(bytes, port, this.anyPort || !port)) {
      refuse('listening on', endText(bytes, port), '--net-listen');
      fail('EACCES');
    }
    if (!this.server) await this.#open();
    this.backlog = Math.min(Math.max(backlog, 1), 4096);
    this.listening = true;
  }

  async accept() {
    if (!this.listening) fail('EINVAL');
    await this.until(() => this.queue.length);
    const socket = this.queue[0];
    const accepted = insert(new Stream(this.family, socket));
    this.queue.shift();
    return accepted;
  }

  name() {
    if (this.socket?.localAddress) return word(plain(this.socket.localAddress, this.family), this.socket.localPort);
    if (this.bound) return word(this.bound.address, this.bound.port);
    return word(this.family === 4 ? '0.0.0.0' : '::', 0);
  }

  peer() {
    if (!this.socket?.remoteAddress || this.connecting) fail('ENOTCONN');
    return word(plain(this.socket.remoteAddress, this.family), this.socket.remotePort);
  }

  readable() {
    if (this.listening) return this.queue.length > 0;
    return this.size > 0 || this.ended || this.error !== 0 || (!this.socket && !this.server) || Boolean(this.broken);
  }

  writable() {
    if (this.listening) return false;
    return !this.connecting && (this.socket?.writableLength ?? 0) < HIGH;
  }

  waitingBytes() {
    return this.size;
  }

  async receive(most, peek, all) {
    if (!this.socket || this.connecting) fail(this.nonBlocking && this.connecting ? 'EAGAIN' : 'ENOTCONN');
    const enough = () => this.size >= (all ? Math.min(most, HIGH) : 1) || this.ended || this.error;
    let taken = [], size = 0;
    for (;;) {
      if (most > size) await this.until(enough);
      if (!this.size && !size) this.throwError();
      const part = this.#take(most - size, peek);
      taken.push(part);
      size += part.length;
      if (!all || peek || size >= most || this.ended || this.error) return { data: Buffer.concat(taken), truncated: false };
    }
  }

  #take(most, peek) {
    const all = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts);
    const part = all.subarray(0, most);
    if (peek) {
      this.parts = [all];
      return part;
    }
    this.size -= part.length;
    this.parts = this.size ? [all.subarray(most)] : [];
    if (this.size < HIGH && this.socket.isPaused()) this.socket.resume();
    return part;
  }

  async send(data) {
    if (!this.socket || this.connecting) fail(this.connecting && this.nonBlocking ? 'EAGAIN' : 'EPIPE');
    await this.until(() => this.writable() || this.error || this.broken);
    this.throwError();
    if (this.broken || !this.socket.writable) fail('EPIPE');
    // One that does not block takes a part, as a kernel does.
    const part = this.nonBlocking ? data.subarray(0, HIGH) : data;
    this.socket.write(part);
    return part.length;
  }

  async shutdown(read, write) {
    if (!this.socket || this.connecting) fail('ENOTCONN');
    if (write) this.socket.end();
    if (read) this.ended = true;
  }

  async close() {
    await this.#stopServer();
    for (const socket of this.queue) socket.resetAndDestroy();
    const socket = this.socket;
    if (!socket) return;
    // Unread data makes a kernel reset the connection.
    if (this.connecting || socket.destroyed) socket.destroy();
    else if (this.size || this.linger[0]) socket.resetAndDestroy();
    else {
      const closed = new Promise((resolve) => socket.once('close', resolve));
      flushing.add(closed);
      closed.then(() => flushing.delete(closed));
      socket.destroySoon();
    }
  }
}

// (An IPv4 address in an IPv6 socket has its long form, as the guest's family has no other.)
const plain = (address, family) => (family === 4 ? address.replace(/^::ffff:/, '') : net.isIPv4(address) ? `::ffff:${address}` : address);
/** Connections that are closed and still have to send. */
const flushing = new Set();

class Datagrams extends Socket {
  type = 'dgram';
  queue = [];
  serves = false;
  anyPort = false;
  heard = [];
  to = null;
  from = null;
  connected = null;

  constructor(family) {
    super();
    this.family = family;
  }

  setters = {
    reuseaddr: (on) => {
      if (this.socket) fail('EINVAL');
      return Number(on !== 0);
    },
    v6only: (on) => {
      if (this.socket || this.family !== 6) fail('EINVAL');
      return Number(on !== 0);
    },
    broadcast: (on) => this.#later((socket) => socket.setBroadcast(on !== 0), Number(on !== 0)),
    ttl: (hops) => this.#later((socket) => socket.setTTL(hops), hops),
    rcvbuf: (size) => this.#later((socket) => socket.setRecvBufferSize(size), size),
    sndbuf: (size) => this.#later((socket) => socket.setSendBufferSize(size), size),
  };

  #pending = [];
  #later(set, value) {
    if (!this.socket) {
      this.#pending.push(set);
      return value;
    }
    try {
      set(this.socket);
    } catch (error) {
      throw new Failure(error.code?.startsWith('ERR_') ? E.EINVAL : numberOf(error));
    }
    return value;
  }

  option(name, value) {
    if (value === undefined && this.socket && name === 'rcvbuf') return this.socket.getRecvBufferSize();
    if (value === undefined && this.socket && name === 'sndbuf') return this.socket.getSendBufferSize();
    return super.option(name, value);
  }

  async #open(host, port) {
    const socket = dgram.createSocket({ type: this.family === 4 ? 'udp4' : 'udp6', reuseAddr: Boolean(this.options.reuseaddr),
      ipv6Only: Boolean(this.options.v6only) });
    socket.on('message', (data, from) => {
      const bytes = parseAddress(from.address.split('%')[0]);
      const address = { address: plain(from.address, this.family), port: from.port };
      if (!this.serves && !mayConnect(bytes, from.port)) return;
      if (this.connected && (this.connected.port !== address.port || this.connected.address !== address.address)) return;
      if (this.queue.length >= MOST_DATAGRAMS) return;
      this.queue.push({ data, address });
      this.changed();
    });
    await new Promise((resolve, reject) => {
      socket.once('error', (error) => reject(new Failure(numberOf(error))));
      socket.bind({ address: host, port, exclusive: true }, resolve);
    });
    socket.removeAllListeners('error');
    socket.on('error', (error) => {
      this.error = numberOf(error);
      this.changed();
    });
    this.socket = socket;
    for (const set of this.#pending) this.#later(set);
  }

  async #ready() {
    if (!this.socket) await this.#open(this.family === 4 ? '0.0.0.0' : '::', 0);
  }

  async connect(bytes, port) {
    const to = this.target(bytes);
    if (!mayConnect(to.bytes, port)) {
      refuse('connecting to', endText(to.bytes, port), '--net');
      fail('EACCES');
    }
    await this.#ready();
    if (this.connected) this.socket.disconnect();
    await new Promise((resolve, reject) => {
      this.socket.connect(port, to.text, (error) => (error ? reject(new Failure(numberOf(error))) : resolve()));
    });
    const peer = this.socket.remoteAddress();
    this.connected = { address: plain(peer.address, this.family), port: peer.port };
  }

  async bind(bytes, port) {
    if (this.socket) fail('EINVAL');
    const text = addressText(bytes);
    if (net.isIPv6(text) && this.family === 4) fail('EAFNOSUPPORT');
    if (port && !policy.mayBind(bytes, port, false)) {
      refuse('listening on', endText(bytes, port), '--net-listen');
      fail('EACCES');
    }
    await this.#open(net.isIPv4(text) && this.family === 6 ? `::ffff:${text}` : text, port);
    this.serves = policy.mayBind(bytes, port, !port);
  }

  listen() {
    fail('ENOTSUP');
  }

  accept() {
    fail('ENOTSUP');
  }

  name() {
    if (!this.socket) return word(this.family === 4 ? '0.0.0.0' : '::', 0);
    const { address, port } = this.socket.address();
    return word(plain(address, this.family), port);
  }

  peer() {
    if (!this.connected) fail('ENOTCONN');
    return word(this.connected.address, this.connected.port);
  }

  setTarget(bytes, port) {
    const to = this.target(bytes);
    const wasHeard = this.serves && this.heard.some((h) => h.address === to.text && h.port === port);
    if (!mayConnect(to.bytes, port) && !wasHeard) {
      refuse('sending to', endText(to.bytes, port), '--net');
      fail('EACCES');
    }
    this.to = { address: to.text, port };
  }

  readable() {
    return this.queue.length > 0 || this.error !== 0;
  }

  writable() {
    return true;
  }

  waitingBytes() {
    return this.queue[0]?.data.length ?? 0;
  }

  async receive(most, peek) {
    await this.#ready();
    await this.until(() => this.queue.length || this.error);
    this.throwError();
    const { data, address } = this.queue[0];
    if (!peek) this.queue.shift();
    this.from = address;
    if (this.serves && !this.heard.some((h) => h.address === address.address && h.port === address.port))
      if (this.heard.push(address) > MOST_HEARD) this.heard.shift();
    return { data: data.subarray(0, most), truncated: data.length > most };
  }

  async send(data) {
    const to = this.to;
    this.to = null;
    if (!to && !this.connected) fail('EDESTADDRREQ');
    if (data.length > MOST_DATAGRAM) fail('EMSGSIZE');
    await this.#ready();
    this.throwError();
    await new Promise((resolve, reject) => {
      const sent = (error) => (error ? reject(new Failure(numberOf(error))) : resolve());
      if (!to) return this.socket.send(data, sent);
      if (!this.connected) return this.socket.send(data, to.port, to.address, sent);
      // Node's cannot send elsewhere once it is connected.
      return reject(new Failure(E.EISCONN));
    });
    return data.length;
  }

  async shutdown() {
    if (!this.connected) fail('ENOTCONN');
  }

  async close() {
    this.socket?.close();
  }
}

/** One of two that are connected to each other. */
class Paired extends Socket {
  family = 0;
  parts = [];
  size = 0;
  ended = false;
  setters = {};

  constructor(type) {
    super();
    this.type = type;
  }

  connect() {
    fail('EISCONN');
  }

  bind() {
    fail('EINVAL');
  }

  listen() {
    fail('ENOTSUP');
  }

  accept() {
    fail('EINVAL');
  }

  name() {
    return '0 - 0';
  }

  peer() {
    return '0 - 0';
  }

  readable() {
    return this.parts.length > 0 || this.ended;
  }

  writable() {
    return this.shut || !this.other || this.other.size < HIGH;
  }

  waitingBytes() {
    return this.type === 'stream' ? this.size : this.parts[0]?.length ?? 0;
  }

  async receive(most, peek, all) {
    const stream = this.type === 'stream';
    await this.until(() => (this.parts.length && !(stream && all && this.size < Math.min(most, HIGH))) || this.ended);
    if (!this.parts.length) return { data: Buffer.alloc(0), truncated: false };
    const first = stream ? Buffer.concat(this.parts) : this.parts[0];
    const data = first.subarray(0, most);
    if (peek) return { data, truncated: !stream && first.length > most };
    const rest = stream && first.length > most ? [first.subarray(most)] : stream ? [] : this.parts.slice(1);
    this.parts = rest;
    this.size = rest.reduce((sum, part) => sum + part.length, 0);
    this.other?.changed();
    return { data, truncated: !stream && first.length > most };
  }

  async send(data) {
    await this.until(() => this.writable());
    if (this.shut || !this.other) fail('EPIPE');
    this.other.parts.push(data);
    this.other.size += data.length;
    this.other.changed();
    return data.length;
  }

  async shutdown(read, write) {
    if (read) this.ended = true;
    if (!write) return;
    this.shut = true;
    if (this.other) {
      this.other.ended = true;
      this.other.changed();
    }
  }

  async close() {
    if (!this.other) return;
    this.other.ended = true;
    this.other.other = null;
    this.other.changed();
  }
}

// ---- Numbers ----

// select() accepts the first ones; node's own files have lower numbers, and others have higher ones (guest/vfs.c).
const FIRST = 256, LAST = 511, MORE = 1 << 20;

function insert(socket) {
  if (left.sockets === 0) fail('EMFILE');
  let fd = FIRST;
  while (sockets.has(fd)) fd = fd === LAST ? MORE : fd + 1;
  sockets.set(fd, socket);
  left.sockets--;
  return fd;
}

function find(fd) {
  return sockets.get(Number(fd)) ?? fail('EBADF');
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

async function resolve(family, text) {
  one(family, '0', '4', '6');
  const name = parseName(text);
  if (name === null) return '! noname';
  if (!policy.mayLookUp(name)) {
    refuse('looking up', name, '--net');
    return '! fail';
  }
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
  'net.connect': [3, 3, (fd, a, p) => find(fd).connect(address(a), port(p))],
  'net.bind': [3, 3, (fd, a, p) => find(fd).bind(address(a), port(p))],
  'net.listen': [2, 2, (fd, backlog) => find(fd).listen(integer(backlog, ...I32))],
  'net.name': [1, 1, (fd) => find(fd).name()],
  'net.peer': [1, 1, (fd) => find(fd).peer()],
  'net.from': [1, 1, (fd) => {
    const { from } = find(fd);
    return from ? word(from.address, from.port) : fail('ENOTCONN');
  }],
  'net.to': [3, 3, (fd, a, p) => {
    const socket = find(fd);
    if (!socket.setTarget) fail('EISCONN');
    socket.setTarget(address(a), port(p));
  }],
  'net.option': [2, 3, (fd, name, value) => find(fd).option(name, value === undefined ? value : integer(value, ...I32))],
  'net.linger': [1, 3, (fd, on, seconds) => {
    const socket = find(fd);
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

/** Waits until one of [FD, WRITING] is ready, or for so many milliseconds. Gives the events of those that are. */
async function poll(wanted, milliseconds) {
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
  });
  return events;
}

const calls = {
  ask(text) {
    const words = text.split(' ');
    if (!/^[!-~]+( [!-~]+)*$/.test(text)) fail('EINVAL');
    if (text === 'version') return 'wl 1 net 1';
    const request = requests[words[0]] ?? fail('ENOSYS');
    if (words.length - 1 < request[0] || words.length - 1 > request[1]) fail('EINVAL');
    return request[2](...words.slice(1));
  },
  poll,
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
    const n = await socket.send(Buffer.from(data.buffer, data.byteOffset, data.length));
    left.sent -= n;
    return n;
  },
  async accept(fd, nonBlocking) {
    const accepted = await find(fd).accept();
    find(accepted).nonBlocking = nonBlocking;
    return accepted;
  },
  shutdown: (fd, read, write) => find(fd).shutdown(read, write),
  async close(fd) {
    const socket = find(fd);
    sockets.delete(fd);
    left.sockets++;
    await socket.close();
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
  },
};

const flag = new Int32Array(workerData.flag);
workerData.port.on('message', async ([name, ...words]) => {
  let answer;
  try {
    answer = { value: (await calls[name](...words)) ?? null };
  } catch (error) {
    answer = { error: error instanceof Failure ? error.number : numberOf(error) };
  }
  workerData.port.postMessage(answer);
  Atomics.store(flag, 0, 1);
  Atomics.notify(flag, 0);
});
