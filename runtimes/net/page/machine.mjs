// What makes connections in a page: doors, and a proxy. Neither needs addresses, and a page cannot look them up: so each name has one of its own,
// of the block that no network has, and a connection to it leads to the name.
import { fail, refuse, say } from '../common.mjs';
import { addressText, endText, isLoopback, looksNumeric, parseAddress } from '../policy.mjs';
import { Door } from './door.mjs';
import { SocketWire } from './websocket.mjs';

const MOST_NAMES = 0xffff;
/** The ports of a door: the guest uses http's, and the request goes to that of https. */
const HTTP = 80, HTTPS = 443;

/** A host as a URL has it: only if a URL takes it for the same. */
function inUrl(scheme, host, port) {
  try {
    const url = new URL(`${scheme}://${host}:${port}/`);
    return url.hostname === host ? url.origin : null;
  } catch {
    return null;
  }
}

/** What to do about something that is refused. */
const advice = (option) => (option === '--net-listen' ? 'a page cannot listen' : 'no rule of the page allows it');

/** settings: of readSettings(); exchange(ALLOWS): of exchange.mjs, how requests are done. */
export function makeMachine({ policies, proxy, redirects }, exchange) {
  const names = new Map(), places = new Map();

  function mayLookUp(name) {
    // (A URL takes some of these for addresses.)
    const may = !looksNumeric(name) && Object.values(policies).some((policy) => policy.mayLookUp(name));
    if (!may) refuse('looking up', name, '--net');
    return may;
  }

  function lookUp(name, family) {
    if (family === 6) return { error: 'noname' };
    if (!names.has(name)) {
      if (names.size === MOST_NAMES) return { error: 'memory' };
      const n = names.size + 1;
      names.set(name, parseAddress(`240.0.${n >> 8}.${n & 0xff}`));
      places.set(addressText(names.get(name)), name);
    }
    return { addresses: [names.get(name)] };
  }

  /** The host that such a policy lets the guest reach, or null. */
  function reached(policy, bytes, port) {
    const text = addressText(bytes), name = places.get(text) ?? (isLoopback(bytes) ? 'localhost' : null);
    if (name !== null && policy.mayReach(name, port)) return name;
    if (places.has(text) || !policy.mayConnect(bytes, port, null)) return null;
    return text.includes(':') ? `[${text}]` : text;
  }

  function door(scheme, bytes, port) {
    const host = reached(policies[scheme], bytes, port), origin = host && inUrl(scheme, host, port);
    return origin ? { origin } : null;
  }

  function through(bytes, port) {
    const host = proxy === null ? null : reached(policies.tcp, bytes, port);
    return host ? { proxied: `${proxy}${host}:${port}` } : null;
  }

  function way(to, port) {
    const { bytes } = to;
    // Who connects to port 443 speaks TLS, which ends in the guest.
    const found = (port === HTTPS ? null : door('https', bytes, port === HTTP ? HTTPS : port)) ??
      (port === HTTPS ? null : door('http', bytes, port)) ?? through(bytes, port);
    if (found) return { ...found, to, port };
    const name = places.get(addressText(bytes)), end = name === undefined ? endText(bytes, port) : `${name}:${port}`;
    // (A common mistake.)
    if (port === HTTPS && door('https', bytes, HTTPS)) say(`connecting to ${end} refused; the browser does TLS: use http://${end.slice(0, -4)}/`);
    else refuse('connecting to', end, '--net');
    return fail('EACCES');
  }

  /** Whether an answer may come from there. */
  function allows(address) {
    let url;
    try {
      url = new URL(address);
    } catch {
      return false;
    }
    const scheme = url.protocol.slice(0, -1), host = url.hostname;
    if (!['https', 'http'].includes(scheme)) return false;
    const port = Number(url.port || (scheme === 'https' ? HTTPS : HTTP)), bytes = parseAddress(host.replace(/^\[|\]$/g, ''));
    return bytes ? door(scheme, bytes, port) !== null : policies[scheme].mayReach(host, port);
  }

  const exchanged = exchange(allows, redirects);

  function connect({ origin, proxied, to, port }) {
    return origin ? new Door(to.text, port, origin, exchanged) : new SocketWire(to.text, port, proxied);
  }

  return { advice, mayLookUp, lookUp, way, connect, serve: () => fail('ENOTSUP'), datagrams: () => fail('ENOTSUP') };
}
