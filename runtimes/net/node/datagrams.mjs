// UDP.
import dgram from 'node:dgram';
import net from 'node:net';
import { E, Failure, Socket, fail, mayConnect, numberOf, plain, policy, refuse, word } from '../common.mjs';
import { addressText, endText, parseAddress } from '../policy.mjs';

const MOST_DATAGRAMS = 256, MOST_HEARD = 256, MOST_DATAGRAM = 65507;

export class Datagrams extends Socket {
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

  *receive(most, peek) {
    yield this.#ready();
    return yield* this.until(() => this.queue.length || this.error, () => this.#take(most, peek));
  }

  #take(most, peek) {
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

  close() {
    this.socket?.close();
  }
}
