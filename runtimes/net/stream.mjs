// TCP.
import { isIPv4 } from './address.mjs';
import { joined } from '../bytes.mjs';
import { HIGH, Socket, fail, machine, numberOf, plain, policy, refuse, refuseMore, word } from './common.mjs';
import { addressText, endText, parseAddress } from './policy.mjs';

/** Connections that are closed and still have to send. */
export const flushing = new Set();

export class Stream extends Socket {
  type = 'stream';
  parts = []; // what was received
  size = 0;
  ended = false;
  socket = null; // Node's or the page's, connected or connecting
  server = null; // of one that is bound
  queue = []; // those of the server that are not accepted yet
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

  *connect(bytes, port) {
    if (this.socket && !this.connecting && !this.broken) fail('EISCONN');
    if (this.connecting) fail('EALREADY');
    if (this.listening) fail('EISCONN');
    const to = this.target(bytes);
    const way = machine.way(to, port);
    const own = this.bound;
    this.#stopServer();
    this.broken = false;
    this.error = 0;
    this.#adopt(machine.connect(way, this.family, own));
    if (this.nonBlocking) fail('EINPROGRESS');
    yield* this.until(() => !this.connecting || this.broken);
    if (this.broken) this.throwError();
  }

  #stopServer() {
    // (A callback would be called only when all connections have ended that it has accepted.)
    this.server?.close();
    this.server = null;
  }

  *bind(bytes, port) {
    if (this.bound || this.socket) fail('EINVAL');
    const text = addressText(bytes);
    if (isIPv4(text) !== (this.family === 4) && !isIPv4(text)) fail('EAFNOSUPPORT');
    // A port that the system chooses is one for answers, too, as every client has; only listening needs a rule then.
    if (port && !policy.mayBind(bytes, port, false)) {
      refuse('listening on', endText(bytes, port), '--net-listen');
      fail('EACCES');
    }
    this.anyPort = !port;
    this.bound = { address: isIPv4(text) && this.family === 6 ? `::ffff:${text}` : text, port };
    // Node binds and listens in one step. That can happen now if the system chooses the port, which nobody knows yet. Otherwise it
    // has to wait for listen(), because earlier connections must be refused.
    if (!port) yield this.#open();
  }

  async #open() {
    this.server = await machine.serve(this.bound, Boolean(this.options.v6only), (socket) => {
      if (!this.listening || this.queue.length >= this.backlog) return socket.resetAndDestroy();
      this.queue.push(socket);
      this.changed();
    });
    this.bound = this.server.address();
  }

  /** `free`: whether one more socket may listen, of `most` in all. */
  *listen(backlog, free, most) {
    if (this.socket) fail('EINVAL');
    this.bound ??= { address: this.family === 4 ? '0.0.0.0' : '::', port: 0 };
    const bytes = parseAddress(this.bound.address), port = this.bound.port;
    if (!policy.mayBind(bytes, port, this.anyPort || !port)) {
      refuse('listening on', endText(bytes, port), '--net-listen');
      fail('EACCES');
    }
    if (!this.listening && !free) {
      refuseMore('listening on', endText(bytes, port), '--max-listening', most);
      fail('EMFILE');
    }
    if (!this.server) yield this.#open();
    // (When a kernel's queue is full, clients try again by themselves. Here they are connected already, and would have to be refused.)
    this.backlog = Math.min(Math.max(backlog, 128), 4096);
    this.listening = true;
  }

  *accept() {
    if (!this.listening) fail('EINVAL');
    return yield* this.until(() => this.queue.length, () => new Stream(this.family, this.queue.shift()));
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

  *receive(most, peek, all) {
    if (!this.socket || this.connecting) fail(this.nonBlocking && this.connecting ? 'EAGAIN' : 'ENOTCONN');
    const enough = () => this.size >= (all ? Math.min(most, HIGH) : 1) || this.ended || this.error;
    const taken = [];
    let size = 0;
    const take = () => {
      if (!this.size && !size) this.throwError();
      const part = this.#take(most - size, peek);
      taken.push(part);
      size += part.length;
    };
    for (;;) {
      if (most > size) yield* this.until(enough, take);
      else take();
      if (!all || peek || size >= most || this.ended || this.error) return { data: joined(taken), truncated: false };
    }
  }

  #take(most, peek) {
    const all = this.parts.length === 1 ? this.parts[0] : joined(this.parts);
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

  *send(data) {
    if (!this.socket || this.connecting) fail(this.connecting && this.nonBlocking ? 'EAGAIN' : 'EPIPE');
    yield* this.until(() => this.writable() || this.error || this.broken);
    this.throwError();
    if (this.broken || !this.socket.writable) fail('EPIPE');
    // One that does not block takes a part, as a kernel does.
    const part = this.nonBlocking ? data.subarray(0, HIGH) : data;
    this.socket.write(part);
    return part.length;
  }

  shutdown(read, write) {
    if (!this.socket || this.connecting) fail('ENOTCONN');
    if (write) this.socket.end();
    if (read) this.ended = true;
  }

  close() {
    this.#stopServer();
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
