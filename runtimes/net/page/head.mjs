// The head of a request that the guest makes of a door, read strictly: as host/door/head.c does. What a browser would read in another way
// than this must not pass.

const MOST_LINES = 128, MOST_LENGTH = 2 ** 53;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VISIBLE = /^[!-~]+$/;
/** Of a line: text, also beyond ASCII, and tabs. */
const TEXT = /^[\t -~\x80-\xff]*$/;

/** Headers of a connection, or of a browser, which sets them itself or forbids them. (A User-Agent would make it ask the server first whether
 * it may send that.) */
const DROPPED = new Set(['accept-charset', 'accept-encoding', 'access-control-request-headers', 'access-control-request-method',
  'access-control-request-private-network', 'connection', 'content-length', 'cookie', 'cookie2', 'date', 'dnt', 'expect', 'host', 'http2-settings',
  'keep-alive', 'origin', 'referer', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'via']);
const DROPPED_BEGINNINGS = ['proxy-', 'sec-'];
/** These may name another method, and for a browser not every one. */
const FORBIDDEN = /^(.*[, ])?(connect|trace|track)([, ].*)?$/i;
const METHODS = ['x-http-method', 'x-http-method-override', 'x-method-override'];

/** Thrown: a status that says what is wrong. */
export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}
const bad = (text) => {
  throw new Refused(400, text);
};

function readRequest(line) {
  const [method, target, version, ...more] = line.split(' ');
  if (more.length || !TOKEN.test(method) || method.length > 32) bad('the first line is not that of a request');
  const old = version === 'HTTP/1.0';
  if (!old && version !== 'HTTP/1.1') bad('the version is neither HTTP/1.1 nor HTTP/1.0');
  if (FORBIDDEN.test(method)) throw new Refused(405, `no browser sends ${method}`);
  if (!target.startsWith('/') || !VISIBLE.test(target) || target.includes('#')) bad('the target is not a path');
  return { method, target, old };
}

function readLength(value, before) {
  if (!/^[0-9]{1,15}$/.test(value) || before !== null || Number(value) > MOST_LENGTH) bad('Content-Length is not one number');
  return Number(value);
}

/** Of the bytes up to the empty line, as text of one letter each: { method, target, headers: [[NAME, VALUE]...], length: of the body or
 * null, chunked, keep: whether another request may follow, expects: whether the guest waits for a word before it sends the body }. */
export function readHead(text) {
  const [first, ...lines] = text.split('\r\n'), { method, target, old } = readRequest(first);
  const head = { method, target, headers: [], length: null, chunked: false, keep: !old, expects: false };
  let hosts = 0;
  if (lines.length > MOST_LINES) throw new Refused(431, `there are more than ${MOST_LINES} headers`);
  for (const line of lines) {
    const colon = line.indexOf(':'), name = line.slice(0, Math.max(colon, 0));
    if (!TOKEN.test(name) || !TEXT.test(line)) bad('a header is not NAME: VALUE');
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, ''), known = name.toLowerCase();
    if (known === 'host' && ++hosts > 1) bad('there is more than one Host');
    else if (known === 'content-length') head.length = readLength(value, head.length);
    else if (known === 'transfer-encoding') {
      if (head.chunked || old || value.toLowerCase() !== 'chunked') throw new Refused(501, 'the only Transfer-Encoding is chunked');
      head.chunked = true;
    } else if (known === 'connection' && /close/i.test(value)) head.keep = false;
    else if (known === 'expect' && value.toLowerCase() === '100-continue') head.expects = !old;
    if (METHODS.includes(known) && FORBIDDEN.test(value)) throw new Refused(405, `no browser sends ${name}: ${value}`);
    if (!DROPPED.has(known) && !DROPPED_BEGINNINGS.some((beginning) => known.startsWith(beginning))) head.headers.push([name, value]);
  }
  if (hosts === 0 && !old) bad('there is no Host');
  if (head.chunked && head.length !== null) bad('there are both Content-Length and Transfer-Encoding');
  if (['GET', 'HEAD'].includes(method.toUpperCase()) && (head.chunked || head.length > 0)) {
    throw new Refused(501, `no browser sends a body with ${method}`);
  }
  return head;
}

/** The size of a chunk, of its first line. */
export function readChunkSize(line) {
  const match = /^([0-9a-fA-F]{1,8})[\t ]*(;[\t -~]*)?$/.exec(line);
  return match ? parseInt(match[1], 16) : bad('a chunk has no size');
}
