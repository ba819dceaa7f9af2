// A door: the guest speaks plain HTTP/1.1 with it, and the page's browser does each request, by TLS. (As host/door/ does it for secrets.)
import { joined } from '../../bytes.mjs';
import { Refused, readChunkSize, readHead } from './head.mjs';
import { Wire } from './wire.mjs';

const MOST_HEAD = 32 << 10, MOST_LINE = 1024, MOST_TRAILERS = 8 << 10;
/** Bytes of a request's body, which is sent when it is complete. */
const MOST_BODY = 64 << 20;

/** Headers of an answer that say how it came to the browser. Here it is decoded and complete. */
const DROPPED = ['connection', 'content-encoding', 'content-length', 'keep-alive', 'proxy-authenticate', 'proxy-connection', 'set-cookie',
  'set-cookie2', 'te', 'trailer', 'transfer-encoding', 'upgrade'];
const REASONS = { 200: 'OK', 201: 'Created', 202: 'Accepted', 204: 'No Content', 206: 'Partial Content', 304: 'Not Modified', 400: 'Bad Request', 401: 'Unauthorized',
  403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 413: 'Content Too Large', 422: 'Unprocessable Content',
  429: 'Too Many Requests', 431: 'Request Header Fields Too Large', 500: 'Internal Server Error', 501: 'Not Implemented', 502: 'Bad Gateway',
  503: 'Service Unavailable', 504: 'Gateway Timeout' };

const latin1 = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** What the guest has sent, and nobody has read. */
class Input {
  #parts = [];
  size = 0;

  add(data) {
    this.#parts.push(data);
    this.size += data.length;
  }

  #whole() {
    if (this.#parts.length !== 1) this.#parts = [joined(this.#parts)];
    return this.#parts[0];
  }

  take(n) {
    const all = this.#whole(), taken = all.subarray(0, n);
    this.#parts = [all.subarray(n)];
    this.size -= n;
    return taken;
  }

  /** Text before that mark, which is taken with it, or undefined. Throws what `most` bytes without it are. */
  upTo(mark, most, tooLong) {
    let text = '';
    for (const byte of this.#whole().subarray(0, most + mark.length)) text += String.fromCharCode(byte);
    const end = text.indexOf(mark);
    if (end < 0 && text.length >= most) throw tooLong;
    if (end < 0) return undefined;
    this.take(end + mark.length);
    return text.slice(0, end);
  }
}

/** A body, as far as it has come. (The guest chooses the size of its parts, and a list of very small ones would need much more room.) */
class Body {
  #bytes = new Uint8Array(1024);
  size = 0;

  add(data) {
    if (this.size + data.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.size + data.length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.size));
      this.#bytes = larger;
    }
    this.#bytes.set(data, this.size);
    this.size += data.length;
  }

  get bytes() {
    return this.#bytes.subarray(0, this.size);
  }
}

export class Door extends Wire {
  #input = new Input();
  #origin;
  #exchange;
  #head = null;
  #body = new Body();
  #chunk = null; // how much of it is missing; null: its size is
  #trailers = 0; // bytes of them, when the last chunk was there
  #cancel = null; // while a request is done
  #over = false; // the guest sends no more
  #deaf = false; // what it still sends is dropped, as after an answer that says so

  /** origin: where requests go, as https://example.com. exchange(REQUEST, DONE): does one { url, method, headers, body } and calls
   * done({ status, reason, headers, body }) or done({ error }), at once or later; returns a function that ends it. */
  constructor(to, port, origin, exchange) {
    super(to, port);
    this.#origin = origin;
    this.#exchange = exchange;
  }

  write(data) {
    if (!this.writable || this.#deaf) return;
    this.#input.add(data);
    this.#advance();
  }

  end() {
    this.#over = true;
    this.writable = false;
    if (!this.#cancel) this.receiveEnd();
  }

  destroy() {
    this.#cancel?.();
    this.#cancel = null;
    this.closed();
  }

  resetAndDestroy() {
    this.destroy();
  }

  /** A request that is complete is still done. */
  destroySoon() {
    this.end();
    if (!this.#cancel) this.closed();
    else this.#closes = true;
  }
  #closes = false;

  #advance() {
    try {
      while (!this.#cancel && this.writable && !this.#deaf && this.#step());
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#fail(error.status, error.message, this.#head?.method);
    }
    // (What comes while a request is done has to wait.)
    this.writableLength = this.#cancel && !this.#deaf ? this.#input.size : 0;
  }

  /** Reads the next part of a request. False: that has not come yet. */
  #step() {
    if (!this.#head) return this.#readHead();
    if (this.#head.chunked) return this.#readChunked();
    if (this.#input.size === 0 && this.#body.size < this.#head.length) return false;
    this.#take(Math.min(this.#input.size, this.#head.length - this.#body.size));
    if (this.#body.size === this.#head.length) this.#ask();
    return true;
  }

  #readHead() {
    if (!this.#input.size) return false;
    const text = this.#input.upTo('\r\n\r\n', MOST_HEAD, new Refused(431, `the head has more than ${MOST_HEAD} bytes`));
    if (text === undefined) return false;
    const head = readHead(text);
    if (head.length > MOST_BODY) throw new Refused(413, `the body has more than ${MOST_BODY} bytes`);
    this.#head = { ...head, length: head.length ?? 0, hasBody: head.chunked || head.length !== null };
    if (head.expects) this.receive(latin1('HTTP/1.1 100 Continue\r\n\r\n'));
    return true;
  }

  #readChunked() {
    if (this.#chunk > 0) {
      if (!this.#input.size) return false;
      const size = Math.min(this.#input.size, this.#chunk);
      this.#take(size);
      this.#chunk -= size;
      return true;
    }
    const line = this.#input.size ? this.#input.upTo('\r\n', MOST_LINE, new Refused(400, 'a line of a chunk is too long')) : undefined;
    if (line === undefined) return false;
    if (this.#trailers) {
      this.#trailers += line.length + 2;
      if (this.#trailers > MOST_TRAILERS) throw new Refused(431, 'the trailers are too long');
      if (line === '') this.#ask();
    } else if (this.#chunk === 0) {
      if (line !== '') throw new Refused(400, 'a chunk is longer than its size');
      this.#chunk = null;
    } else {
      this.#chunk = readChunkSize(line);
      if (this.#chunk === 0) this.#trailers = 1;
      if (this.#body.size + this.#chunk > MOST_BODY) throw new Refused(413, `the body has more than ${MOST_BODY} bytes`);
    }
    return true;
  }

  #take(size) {
    if (size) this.#body.add(this.#input.take(size));
  }

  /** The request is complete. */
  #ask() {
    const { method, target, headers, keep, hasBody } = this.#head, body = hasBody ? this.#body.bytes : null;
    const url = new URL(this.#origin + target);
    // (A target begins with a slash, so it cannot be otherwise.)
    if (url.origin !== this.#origin || url.username || url.password) throw new Refused(400, 'the target leads elsewhere');
    let isDone = false, returned = false;
    const done = (answer) => {
      isDone = true;
      if (this.destroyed) return;
      this.#cancel = null;
      if (answer.error) this.#fail(502, answer.error, method, keep);
      else this.#answer(answer, method, keep);
      // The guest may have sent the next one already. (If this is at once, advance() goes on itself.)
      if (returned) this.#advance();
      this.emit('drain');
    };
    this.#head = this.#chunk = null;
    this.#body = new Body();
    this.#trailers = 0;
    // (GET and HEAD can only have an empty body here, and a browser refuses even that.)
    const cancel = this.#exchange({ url: url.href, method, headers, body: ['GET', 'HEAD'].includes(method.toUpperCase()) ? null : body }, done);
    returned = true;
    if (!isDone) this.#cancel = cancel;
  }

  #fail(status, text, method = 'GET', keep = false) {
    this.#answer({ status, reason: '', headers: [['Content-Type', 'text/plain; charset=utf-8']], body: new TextEncoder().encode(`${text}\n`) },
      method, keep);
  }

  #answer({ status, reason, headers, body }, method, keep) {
    const goesOn = keep && !this.#over && !this.#closes, without = status === 204 || status === 304;
    const lines = [`HTTP/1.1 ${status} ${/^[ -~]+$/.test(reason) ? reason : REASONS[status] ?? 'Unknown'}`];
    const isHead = method.toUpperCase() === 'HEAD', kept = (name) => !DROPPED.includes(name) || (isHead && name === 'content-length');
    for (const [name, value] of headers) if (kept(name.toLowerCase())) lines.push(`${name}: ${value}`);
    if (!without && !isHead) lines.push(`Content-Length: ${body.length}`);
    if (!goesOn) lines.push('Connection: close');
    this.receive(latin1([...lines, '', ''].join('\r\n')));
    if (!without && !isHead && body.length) this.receive(body);
    if (!goesOn) {
      this.#deaf = true;
      this.receiveEnd();
      if (this.#closes) this.closed();
    }
  }
}
