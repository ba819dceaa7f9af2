// TCP through a proxy: each connection is a WebSocket whose messages are its bytes, in both directions. An empty message says that no more
// will follow in that direction; a proxy that does not know this closes the WebSocket, which ends both.
import { HIGH } from '../common.mjs';
import { Wire } from './wire.mjs';

/** Bytes of a message, at most. */
const MOST_MESSAGE = 64 << 10;
/** Bytes that the guest has not read. (A WebSocket cannot ask the other end to wait.) */
const MOST_UNREAD = 64 << 20;
/** How often to look whether what was sent has left, ms: no event says so. */
const LOOK = 5;
const NORMAL = 1000, NONE_GIVEN = 1005;

export class SocketWire extends Wire {
  #socket;
  #timer = null;
  #ends = false;
  #endCame = false;

  /** address: of the WebSocket. */
  constructor(to, port, address) {
    super(to, port);
    this.connecting = true;
    this.#socket = new WebSocket(address);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.onopen = () => {
      this.connecting = false;
      this.emit('connect');
    };
    this.#socket.onmessage = ({ data }) => this.#take(data);
    this.#socket.onclose = ({ code, wasClean }) => this.#closed(code, wasClean);
    // (An error is followed by the close.)
  }

  get writableLength() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  set writableLength(_) {}

  #take(data) {
    if (this.destroyed) return;
    if (typeof data === 'string') return this.#break('ECONNRESET');
    if (data.byteLength === 0) {
      this.#endCame = true;
      this.receiveEnd();
      if (this.#ends) this.#socket.close(NORMAL);
      return;
    }
    this.receive(new Uint8Array(data));
    if (this.unread > MOST_UNREAD) this.#break('ENOBUFS');
  }

  #break(code) {
    this.#socket.close();
    this.closed(code);
  }

  #closed(code, wasClean) {
    const fell = this.connecting ? 'ECONNREFUSED' : 'ECONNRESET', well = wasClean && [NORMAL, NONE_GIVEN].includes(code);
    if (well && !this.connecting) this.receiveEnd();
    this.connecting = false;
    clearTimeout(this.#timer);
    this.closed(well || this.#endCame ? undefined : fell);
  }

  write(data) {
    if (!this.writable) return;
    for (let at = 0; at < data.length; at += MOST_MESSAGE) this.#socket.send(data.subarray(at, at + MOST_MESSAGE));
    this.#watch();
  }

  #watch() {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.emit('drain');
      if (this.writableLength >= HIGH && !this.destroyed) this.#watch();
    }, LOOK);
  }

  end() {
    if (!this.writable) return;
    this.writable = false;
    this.#ends = true;
    if (this.connecting) return;
    this.#socket.send(new Uint8Array(0));
    if (this.#endCame) this.#socket.close(NORMAL);
  }

  /** What was sent still leaves, before the closing of the WebSocket. */
  destroySoon() {
    this.end();
    this.#socket.close(NORMAL);
  }

  destroy() {
    this.#break();
  }

  /** There is nothing in a WebSocket that resets the connection. */
  resetAndDestroy() {
    this.#break();
  }
}
