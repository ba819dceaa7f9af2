// A connection of a page, with as much of Node's net.Socket as stream.mjs uses.

export class Wire {
  connecting = false;
  destroyed = false;
  writable = true;
  writableLength = 0;
  remoteAddress;
  remotePort;
  #listeners = new Map();
  #paused = false;
  #waiting = []; // what has come while it was paused
  #waitingSize = 0;
  #ended = false;

  /** to: the address that the guest has connected to. */
  constructor(to, port) {
    this.remoteAddress = to;
    this.remotePort = port;
  }

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  once = this.on;

  emit(event, ...words) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...words);
  }

  isPaused() {
    return this.#paused;
  }

  pause() {
    this.#paused = true;
  }

  resume() {
    this.#paused = false;
    while (!this.#paused && this.#waiting.length) {
      const data = this.#waiting.shift();
      this.#waitingSize -= data.length;
      this.emit('data', data);
    }
    if (!this.#waiting.length) this.#drained();
  }

  /** Bytes that the guest has not read. */
  get unread() {
    return this.#waitingSize;
  }

  /** Bytes for the guest. */
  receive(data) {
    if (this.destroyed || this.#ended) return;
    this.#waiting.push(data);
    this.#waitingSize += data.length;
    if (!this.#paused) this.resume();
  }

  /** No more will come. */
  receiveEnd() {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#waiting.length) this.#drained();
  }

  /** The guest has all that came. */
  #drained() {
    if (this.#ended) this.#once('end');
    if (this.destroyed) this.#once('close');
  }

  #said = new Set();
  #once(event) {
    if (this.#said.has(event)) return;
    this.#said.add(event);
    this.emit(event);
  }

  /** It is over. code: of an error of Node's, if it failed. */
  closed(code) {
    if (this.destroyed) return;
    this.destroyed = true;
    this.writable = false;
    if (code) this.emit('error', { code });
    if (!this.#waiting.length) this.#drained();
  }

  setNoDelay() {}

  setKeepAlive() {}
}
