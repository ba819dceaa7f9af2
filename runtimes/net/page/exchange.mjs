// How the browser does a request for a door. Cookies are never sent, and none that come are kept.
import { joined } from '../../bytes.mjs';

/** Bytes of an answer, which is given when it is complete. */
const MOST_ANSWER = 256 << 20;
const TOO_LONG = `the answer has more than ${MOST_ANSWER} bytes`;

const refusedBy = (url) => `the browser did not get an answer from ${new URL(url).origin} that this page may read: the host cannot be reached, ` +
  'does not allow this page (CORS), or answered with a redirect';
const elsewhere = (url) => `the browser was redirected to ${new URL(url).origin}, which no rule of the page allows`;

/** Of a response's body, all; null: it is too long. */
async function read(body) {
  const parts = [], reader = body?.getReader();
  let size = 0;
  for (;;) {
    const { done, value } = reader ? await reader.read() : { done: true };
    if (done) break;
    size += value.length;
    if (size > MOST_ANSWER) {
      reader.cancel().catch(() => {});
      return null;
    }
    parts.push(value);
  }
  return joined(parts);
}

/** By fetch(), while others go on. redirects: whether the browser may follow them; allows(URL): whether an answer may come from there. */
export const byFetch = (redirects, allows) => (request, done) => {
  const { url, method, headers, body } = request, control = new AbortController();
  async function go() {
    const response = await fetch(url, { method, headers, body, mode: 'cors', credentials: 'omit', cache: 'no-store', referrerPolicy: 'no-referrer',
      redirect: redirects ? 'follow' : 'error', signal: control.signal });
    if (response.redirected && !allows(response.url)) {
      control.abort();
      return { error: elsewhere(response.url) };
    }
    const content = await read(response.body);
    if (!content) return { error: TOO_LONG };
    return { status: response.status, reason: response.statusText, headers: [...response.headers], body: content };
  }
  go().catch(() => ({ error: refusedBy(url) })).then((answer) => {
    if (!control.signal.aborted || answer.error) done(answer);
  });
  return () => control.abort();
};

/** By XMLHttpRequest, at once, for a thread that cannot wait in another way. It always follows redirects. */
export const atOnce = (allows) => (request, done) => {
  const { url, method, headers, body } = request, xhr = new XMLHttpRequest();
  try {
    // To its own origin it would send cookies.
    if (new URL(url).origin === self.location.origin) throw new Error(`a page that is not cross-origin isolated cannot ask its own origin`);
    xhr.open(method, url, false);
    xhr.responseType = 'arraybuffer';
    for (const [name, value] of headers) xhr.setRequestHeader(name, value);
  } catch (error) {
    done({ error: error.message });
    return () => {};
  }
  try {
    xhr.send(body);
  } catch {
    done({ error: refusedBy(url) });
    return () => {};
  }
  if (!allows(xhr.responseURL)) done({ error: elsewhere(xhr.responseURL) });
  else if (xhr.response?.byteLength > MOST_ANSWER) done({ error: TOO_LONG });
  else {
    const lines = xhr.getAllResponseHeaders().split('\r\n').filter((line) => line.includes(':'));
    done({ status: xhr.status, reason: xhr.statusText, body: new Uint8Array(xhr.response ?? 0),
      headers: lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]) });
  }
  return () => {};
};
