// What a door of a page (runtimes/net/page/) makes of the guest's bytes, without a browser. Ends with an exception at the first unexpected
// result.
import assert from 'node:assert/strict';
import { begin } from '../../runtimes/net/common.mjs';
import { Door } from '../../runtimes/net/page/door.mjs';
import { atOnce, byFetch } from '../../runtimes/net/page/exchange.mjs';
import { makeMachine } from '../../runtimes/net/page/machine.mjs';
import { readSettings } from '../../runtimes/net/page/settings.mjs';
import { SocketWire } from '../../runtimes/net/page/websocket.mjs';
import { parseAddress } from '../../runtimes/net/policy.mjs';

const bytes = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const text = (parts) => parts.map((part) => String.fromCharCode(...part)).join('');
const OK = { status: 200, reason: 'OK', headers: [['Content-Type', 'text/plain'], ['Content-Encoding', 'gzip'], ['content-length', '7'],
  ['Transfer-Encoding', 'chunked']], body: bytes('body') };

/** Sends pieces to a door. Returns what it asked the browser for, what it answered, and whether it ended. */
function visit(pieces, { answer = OK, later = false } = {}) {
  const asked = [], parts = [], waiting = [];
  const door = new Door('240.0.0.1', 80, 'https://api.example.com', (request, done) => {
    asked.push(request);
    if (later) waiting.push(() => done(answer));
    else done(answer);
    return () => {};
  });
  let ended = false;
  door.on('data', (data) => parts.push(data));
  door.on('end', () => {
    ended = true;
  });
  for (const piece of pieces) door.write(typeof piece === 'string' ? bytes(piece) : piece);
  while (waiting.length) waiting.shift()();
  return { asked, answer: text(parts), ended };
}

const status = (request) => {
  const { asked, answer, ended } = visit([request]);
  assert.deepEqual(asked, [], request);
  assert(ended, `the door goes on after ${JSON.stringify(request)}`);
  return Number(answer.split(' ')[1]);
};
const HOST = 'Host: api.example.com\r\n';

// ---- What is passed on ----

const simple = visit([`GET /a?b=%20c HTTP/1.1\r\n${HOST}Accept: */*\r\nX-One: \t1 2 \r\n\r\n`]);
assert.deepEqual(simple.asked, [{ url: 'https://api.example.com/a?b=%20c', method: 'GET', headers: [['Accept', '*/*'], ['X-One', '1 2']], body: null }]);
assert.equal(simple.answer, 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody');
assert(!simple.ended);

// Byte by byte, two in one connection, and the second one ends it.
const both = `POST /1 HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabcPOST /2 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n` +
  '2;x=y\r\nde\r\n00001\r\nf\r\n0\r\nTrailer: 1\r\n\r\n';
for (const later of [false, true]) {
  for (const pieces of [[both], [...both]]) {
    const { asked, answer, ended } = visit(pieces, { later });
    assert.deepEqual(asked.map(({ url, body }) => [url, text([body])]), [['https://api.example.com/1', 'abc'], ['https://api.example.com/2', 'def']]);
    assert.equal(answer.split('HTTP/1.1 200 OK').length, 3);
    assert.match(answer, /Connection: close\r\n\r\nbody$/);
    assert(ended);
  }
}

// What a browser sets itself, or forbids. Host names nobody else.
const dropped = visit([`POST / HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nReferer: https://evil.example/\r\nCookie: a=b\r\n` +
  'Sec-Fetch-Site: none\r\nProxy-Authorization: x\r\nUser-Agent: me\r\nConnection: keep-alive\r\nTE: trailers\r\nUpgrade: websocket\r\n' +
  'Access-Control-Request-Method: GET\r\nAuthorization: Bearer x\r\nContent-Length: 0\r\n\r\n']);
assert.deepEqual(dropped.asked[0].headers, [['Authorization', 'Bearer x']]);
assert.equal(dropped.asked[0].url, 'https://api.example.com/');
for (const [target, url] of [['//evil.example/', '//evil.example/'], ['/../../x', '/x'], ['/@evil.example', '/@evil.example'],
  ['/\\evil.example', '//evil.example'], ['/:80', '/:80']]) {
  assert.equal(visit([`GET ${target} HTTP/1.1\r\n${HOST}\r\n`]).asked[0].url, `https://api.example.com${url}`);
}

assert.equal(visit([`POST / HTTP/1.1\r\n${HOST}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`]).answer, 'HTTP/1.1 100 Continue\r\n\r\n');
const head = visit([`HEAD / HTTP/1.1\r\n${HOST}\r\n`]).answer;
assert(head.endsWith('\r\n\r\n') && head.includes('content-length: 7'), head);
assert(!visit([`GET / HTTP/1.1\r\n${HOST}\r\n`], { answer: { ...OK, status: 204 } }).answer.includes('Content-Length'));
const old = visit(['GET / HTTP/1.0\r\n\r\n']);
assert(old.ended && old.asked.length === 1);
const refused = visit([`GET / HTTP/1.1\r\n${HOST}\r\n`], { answer: { error: 'one line' } });
assert.match(refused.answer, /^HTTP\/1[.]1 502 Bad Gateway\r\nContent-Type: text\/plain; charset=utf-8\r\nContent-Length: 9\r\n\r\none line\n$/);
assert(!refused.ended);

// ---- What is not ----

for (const request of [
  '\r\n\r\n', 'GET /\r\n\r\n', 'GET / HTTP/2.0\r\n\r\n', `GET  / HTTP/1.1\r\n${HOST}\r\n`, `GET / HTTP/1.1 \r\n${HOST}\r\n`, `G(T / HTTP/1.1\r\n${HOST}\r\n`,
  `GET http://evil.example/ HTTP/1.1\r\n${HOST}\r\n`, `GET * HTTP/1.1\r\n${HOST}\r\n`, `GET /#a HTTP/1.1\r\n${HOST}\r\n`, `GET /\x80 HTTP/1.1\r\n${HOST}\r\n`,
  `GET /\t HTTP/1.1\r\n${HOST}\r\n`, 'GET / HTTP/1.1\r\n\r\n', `GET / HTTP/1.1\r\n${HOST}${HOST}\r\n`,
  `GET / HTTP/1.1\r\n${HOST}A : b\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST} a: b\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}A: b\nc: d\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}A: b\rc\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST}A: \0\r\n\r\n`, `GET / HTTP/1.1\r\n${HOST}: b\r\n\r\n`,
  `GET / HTTP/1.1\r\n${HOST}A\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 1\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}Content-Length: 1, 1\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: +1\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 0x1\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length:\r\n\r\n`, `POST / HTTP/1.1\r\n${HOST}Content-Length: 9999999999999999\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n`, `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n\r\n`,
  `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n`, `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n-1\r\n`,
]) assert.equal(status(request), 400, request);
for (const method of ['CONNECT', 'TRACE', 'track']) assert.equal(status(`${method} / HTTP/1.1\r\n${HOST}\r\n`), 405);
assert.equal(status(`POST / HTTP/1.1\r\n${HOST}X-HTTP-Method-Override: GET, trace\r\n\r\n`), 405);
for (const coding of ['gzip', 'chunked, chunked', 'gzip, chunked', 'chunked\r\nTransfer-Encoding: chunked']) {
  assert.equal(status(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: ${coding}\r\n\r\n`), 501);
}
assert.equal(status('POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n'), 501);
assert.equal(status(`GET / HTTP/1.1\r\n${HOST}Content-Length: 1\r\n\r\na`), 501);
assert.equal(status(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${(64 << 20) + 1}\r\n\r\n`), 413);
assert.equal(status(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n${((64 << 20) + 1).toString(16)}\r\n`), 413);
assert.equal(status(`GET / HTTP/1.1\r\n${HOST}A: ${'b'.repeat(40000)}\r\n\r\n`), 431);
assert.equal(status('G'.repeat(40000)), 431);
assert.equal(status(`GET / HTTP/1.1\r\n${HOST}${'A: b\r\n'.repeat(200)}\r\n`), 431);
assert.equal(status(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: b\r\n'.repeat(3000)}`), 431);
assert.equal(status(`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(3000)}`), 400);

// ---- Where connections lead ----

const log = [];
const machineOf = (network) => {
  const made = makeMachine(readSettings(network, true), () => null);
  begin({ rules: [], listenRules: [], self: 'page' }, made, (line) => log.push(line));
  return made;
};
function leads(machine, host, port) {
  const address = parseAddress(host) ?? (machine.mayLookUp(host) ? machine.lookUp(host, 0).addresses[0] : null);
  if (!address) return 'not looked up';
  try {
    const { origin, proxied } = machine.way({ bytes: address, text: host }, port);
    return origin ?? proxied;
  } catch (error) {
    assert.equal(error.number, 2);
    return null;
  }
}
const machine = machineOf({ https: ['api.example.com', '*.sub.example:8443', '192.0.2.1'], http: ['localhost:8080', '[2001:db8::1]'],
  tcp: ['db.example:5432', 'api.example.com:443', '127.0.0.1:1-9', '[::1]:7'], proxy: 'wss://proxy.example/?to=' });
for (const [host, port, where] of [
  ['api.example.com', 80, 'https://api.example.com'], ['api.example.com', 443, 'wss://proxy.example/?to=api.example.com:443'], ['api.example.com', 8443, null],
  ['a.sub.example', 8443, 'https://a.sub.example:8443'], ['a.sub.example', 80, null], ['sub.example', 8443, 'not looked up'],
  ['evil.example', 80, 'not looked up'],
  ['db.example', 5432, 'wss://proxy.example/?to=db.example:5432'], ['db.example', 80, null], ['127.0.0.1', 8080, 'http://localhost:8080'],
  ['127.0.0.1', 9, 'wss://proxy.example/?to=127.0.0.1:9'], ['127.0.0.1', 10, null], ['::1', 7, 'wss://proxy.example/?to=[::1]:7'],
  ['2001:db8::1', 80, 'http://[2001:db8::1]'], ['192.0.2.1', 80, 'https://192.0.2.1'], ['192.0.2.2', 80, null], ['240.0.0.200', 80, null],
]) assert.equal(leads(machine, host, port), where, `${host}:${port}`);
assert(log.includes('page: looking up evil.example refused; no rule of the page allows it\n'));
assert.equal(leads(machineOf({ https: ['api.example.com'] }), 'api.example.com', 443), null);
assert.equal(log.at(-1), 'page: connecting to api.example.com:443 refused; the browser does TLS: use http://api.example.com/\n');

// All, except for this machine, and for names that a URL takes for addresses.
const all = machineOf({ https: ['*'], http: ['*'] });
for (const [host, port, where] of [['a.example', 80, 'https://a.example'], ['a.example', 443, null], ['localhost', 80, 'not looked up'],
  ['a.localhost', 80, 'not looked up'],
  ['127.1', 80, 'not looked up'], ['0x7f.1', 80, 'not looked up'], ['2130706433', 80, 'not looked up'], ['a.0x7f', 80, null], ['127.0.0.1', 80, null],
  ['10.0.0.1', 80, null], ['::ffff:10.0.0.1', 80, null], ['8.8.8.8', 80, 'https://8.8.8.8']]) {
  assert.equal(leads(all, host, port), where, `${host}:${port}`);
}
assert.deepEqual(all.lookUp('a.example', 6), { error: 'noname' });
assert.deepEqual(all.lookUp('a.example', 4), all.lookUp('a.example', 0));

// ---- What a page cannot say ----

for (const [network, isolated, what] of [
  [{ net: [] }, true, 'network has net'], [{ https: 'a.example' }, true, 'not a list'], [{ https: ['http://a.example'] }, true, 'http://a.example'],
  [{ tcp: ['a.example'] }, true, 'names no proxy'], [{ tcp: ['a.example'], proxy: 'https://a.example' }, true, 'wss://'],
  [{ proxy: 'ws://a.example/#b' }, true, 'wss://'],
  [{ tcp: ['a.example'], proxy: 'ws://a.example/' }, false, 'isolated'], [{ https: ['a.example'] }, false, 'redirects'],
  [{ redirects: 'no' }, true, 'redirects'],
  [{ limits: { sockets: 0 } }, true, 'limits.sockets'], [{ limits: { sockets: 1e9 } }, true, 'limits.sockets'],
  [{ limits: { sent: 1.5 } }, true, 'limits.sent'],
  [{ limits: { time: 1 } }, true, 'limits has time'],
]) assert.throws(() => readSettings(network, isolated), (error) => error.message.includes(what) && !error.message.includes('\n'), JSON.stringify(network));
assert.equal(readSettings({ https: ['a.example'], redirects: true }, false).limits.sockets, 1024);
// ---- How the browser is asked ----

const REQUEST = { url: 'https://api.example.com/a', method: 'PUT', headers: [['A', 'b']], body: bytes('c') };
const fetched = (redirects, response) => new Promise((resolve) => {
  globalThis.fetch = async (url, options) => {
    assert.deepEqual([url, options.method, options.mode, options.credentials, options.redirect, options.cache, options.referrerPolicy],
      [REQUEST.url, 'PUT', 'cors', 'omit', redirects ? 'follow' : 'error', 'no-store', 'no-referrer']);
    return response(options.signal);
  };
  byFetch(redirects, (url) => url === 'https://allowed.example/')(REQUEST, resolve);
});
assert.deepEqual(await fetched(false, () => new Response('abc', { status: 201, headers: { x: 'y', 'content-type': 'z' } })),
  { status: 201, reason: '', headers: [['content-type', 'z'], ['x', 'y']], body: bytes('abc') });
const moved = (url) => Object.defineProperties(new Response('abc'), { redirected: { value: true }, url: { value: url } });
assert.equal((await fetched(true, () => moved('https://allowed.example/'))).status, 200);
assert.match((await fetched(true, () => moved('https://evil.example/x'))).error, /redirected to https:\/\/evil[.]example, which no rule/);
assert.match((await fetched(false, () => Promise.reject(new TypeError('x')))).error, /https:\/\/api[.]example[.]com/);
// An answer without end.
const endless = new ReadableStream({ pull: (control) => control.enqueue(new Uint8Array(16 << 20)) });
assert.match((await fetched(false, () => new Response(endless))).error, /more than 268435456 bytes/);

globalThis.self = { location: { origin: 'https://page.example' } };
globalThis.XMLHttpRequest = class {
  static to = REQUEST.url;
  static fails = false;
  sent = [];
  open(...words) {
    assert.deepEqual(words, ['PUT', REQUEST.url, false]);
  }
  setRequestHeader(...words) {
    assert.deepEqual(words, ['A', 'b']);
  }
  send() {
    if (XMLHttpRequest.fails) throw new Error('x');
    Object.assign(this, { responseURL: XMLHttpRequest.to, response: bytes('abc').buffer, status: 200, statusText: 'Fine' });
  }
  getAllResponseHeaders = () => 'a: b: c\r\nd: \r\n';
};
const now = (request = REQUEST) => {
  let given;
  atOnce((url) => url === REQUEST.url)(request, (answer) => {
    given = answer;
  });
  return given;
};
assert.deepEqual(now(), { status: 200, reason: 'Fine', headers: [['a', 'b: c'], ['d', '']], body: bytes('abc') });
assert.match(now({ ...REQUEST, url: 'https://page.example/' }).error, /its own origin/);
XMLHttpRequest.to = 'https://evil.example/';
assert.match(now().error, /redirected to https:\/\/evil[.]example/);
XMLHttpRequest.fails = true;
assert.match(now().error, /https:\/\/api[.]example[.]com/);

// ---- WebSockets ----

globalThis.WebSocket = class {
  bufferedAmount = 0;
  sent = [];
  constructor(address) {
    this.address = address;
    WebSocket.last = this;
  }
  send(data) {
    this.sent.push(data.length);
  }
  close(code) {
    this.closedWith = code ?? null;
  }
};
function wire() {
  const made = new SocketWire('240.0.0.1', 7, 'wss://proxy.example/db.example:7'), events = [];
  for (const event of ['connect', 'end', 'close']) made.on(event, () => events.push(event));
  made.on('error', ({ code }) => events.push(code));
  made.on('data', (data) => events.push(data.length));
  return { made, events, socket: WebSocket.last };
}
const message = (size) => ({ data: new ArrayBuffer(size) });
{
  const { made, events, socket } = wire();
  assert(made.connecting && socket.address === 'wss://proxy.example/db.example:7');
  socket.onclose({ code: 1006, wasClean: false });
  assert.deepEqual(events, ['ECONNREFUSED', 'close']);
}
{
  // Both ends end, one after the other; what has come waits while the guest does not read.
  const { made, events, socket } = wire();
  socket.onopen();
  made.write(new Uint8Array(150000));
  assert.deepEqual(socket.sent, [65536, 65536, 18928]);
  made.pause();
  socket.onmessage(message(5));
  made.end();
  assert.equal(socket.sent.at(-1), 0);
  socket.onmessage(message(0));
  assert.equal(socket.closedWith, 1000);
  socket.onclose({ code: 1000, wasClean: true });
  assert.deepEqual(events, ['connect']);
  made.resume();
  assert.deepEqual(events, ['connect', 5, 'end', 'close']);
}
for (const [end, error] of [[{ code: 1000, wasClean: true }, []], [{ code: 1005, wasClean: true }, []], [{ code: 1011, wasClean: true }, ['ECONNRESET']],
  [{ code: 1006, wasClean: false }, ['ECONNRESET']]]) {
  const { events, socket } = wire();
  socket.onopen();
  socket.onclose(end);
  assert.deepEqual(events.filter((event) => event !== 'end'), ['connect', ...error, 'close'], JSON.stringify(end));
}
{
  const { events, socket } = wire();
  socket.onopen();
  socket.onmessage({ data: 'text' });
  assert.deepEqual(events, ['connect', 'ECONNRESET', 'close']);
}
{
  const { made, events, socket } = wire();
  socket.onopen();
  made.pause();
  for (let i = 0; i < 64; i++) socket.onmessage(message(1 << 20));
  assert.deepEqual(events, ['connect']);
  socket.onmessage(message(1));
  assert.deepEqual(events, ['connect', 'ENOBUFS']);
  assert.equal(socket.closedWith, null);
}
console.log('doors are as they should be');
