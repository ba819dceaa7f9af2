import { joined } from '../bytes.mjs';
import { HIGH, Socket, fail } from './common.mjs';

/** One of two that are connected to each other. */
export class Paired extends Socket {
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

  *receive(most, peek, all) {
    const stream = this.type === 'stream';
    const enough = () => (this.parts.length && !(stream && all && this.size < Math.min(most, HIGH))) || this.ended;
    return yield* this.until(enough, () => this.#take(most, peek, stream));
  }

  #take(most, peek, stream) {
    if (!this.parts.length) return { data: new Uint8Array(0), truncated: false };
    const first = stream ? joined(this.parts) : this.parts[0];
    const data = first.subarray(0, most);
    if (peek) return { data, truncated: !stream && first.length > most };
    const rest = stream && first.length > most ? [first.subarray(most)] : stream ? [] : this.parts.slice(1);
    this.parts = rest;
    this.size = rest.reduce((sum, part) => sum + part.length, 0);
    this.other?.changed();
    return { data, truncated: !stream && first.length > most };
  }

  *send(data) {
    yield* this.until(() => this.writable());
    if (this.shut || !this.other) fail('EPIPE');
    this.other.parts.push(data);
    this.other.size += data.length;
    this.other.changed();
    return data.length;
  }

  shutdown(read, write) {
    if (read) this.ended = true;
    if (!write) return;
    this.shut = true;
    if (this.other) {
      this.other.ended = true;
      this.other.changed();
    }
  }

  close() {
    if (!this.other) return;
    this.other.ended = true;
    this.other.other = null;
    this.other.changed();
  }
}
