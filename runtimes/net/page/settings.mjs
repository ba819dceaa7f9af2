// What a page gives its guest of the network. The page's author writes it as an object:
//   { https: [RULE...], http: [RULE...], redirects: BOOLEAN,      requests that the browser does (door.mjs)
//     tcp: [RULE...], proxy: 'wss://PROXY/',                      connections through a proxy (websocket.mjs)
//     limits: { sockets, lookups, received, sent } }              as those of wl-run
import { Policy } from '../policy.mjs';

/** What may be used of each kind: without ports in a rule, the usual one of a door, and all for TCP. */
const KINDS = { https: [[443, 443]], http: [[80, 80]], tcp: [] };
const LIMITS = { sockets: 1024, lookups: Infinity, received: Infinity, sent: Infinity };
const MOST_SOCKETS = 65000;

function rules(kind, list) {
  const policy = new Policy(KINDS[kind]);
  if (!Array.isArray(list)) throw new Error(`network.${kind} is not a list of rules; write them as in ['api.example.com']`);
  for (const rule of list) {
    try {
      policy.allow(String(rule));
    } catch (error) {
      throw new Error(`cannot use the rule ${rule} in network.${kind}: ${error.message}`);
    }
  }
  return policy;
}

function proxyOf(text) {
  let url = null;
  try {
    url = new URL(text);
  } catch {
    // The next line says so.
  }
  if (!url || !['ws:', 'wss:'].includes(url.protocol) || text.includes('#')) {
    throw new Error(`network.proxy is ${text}; write the address of a proxy for WebSockets, as in wss://proxy.example/`);
  }
  return text;
}

function limitsOf(given) {
  const limits = { ...LIMITS };
  for (const [name, value] of Object.entries(given)) {
    const most = name === 'sockets' ? MOST_SOCKETS : Infinity;
    if (!Object.hasOwn(LIMITS, name)) throw new Error(`network.limits has ${name}; it may have ${Object.keys(LIMITS).join(', ')}`);
    if (!(value >= 1 && value <= most && (value === Infinity || Number.isInteger(value)))) {
      throw new Error(`network.limits.${name} is ${value}; write a whole number of 1 or more, at most ${most}`);
    }
    limits[name] = value;
  }
  return { ...limits, listening: 1 };
}

/** Checks the object. isolated: whether the page can share memory with workers. Throws what is wrong, and what to do about it. Returns
 * { policies, redirects, proxy, limits }. */
export function readSettings(given, isolated) {
  const { https = [], http = [], tcp = [], proxy = null, redirects = false, limits = {}, ...others } = given;
  for (const name of Object.keys(others)) {
    throw new Error(`network has ${name}; it may have https, http, redirects, tcp, proxy and limits`);
  }
  const policies = { https: rules('https', https), http: rules('http', http), tcp: rules('tcp', tcp) };
  if (typeof redirects !== 'boolean') throw new Error(`network.redirects is ${redirects}; write true or false`);
  if (tcp.length && proxy === null) throw new Error('network.tcp has rules, and network.proxy names no proxy that makes the connections');
  if (tcp.length && !isolated) {
    throw new Error('network.tcp needs a page that is cross-origin isolated; send the headers Cross-Origin-Opener-Policy and ' +
      'Cross-Origin-Embedder-Policy, as serve.py does');
  }
  if (!redirects && !isolated && https.length + http.length) {
    throw new Error('a page that is not cross-origin isolated cannot refuse redirects; send the headers Cross-Origin-Opener-Policy and ' +
      'Cross-Origin-Embedder-Policy, as serve.py does, or set network.redirects to true');
  }
  return { policies, redirects, proxy: proxy === null ? null : proxyOf(String(proxy)), limits: limitsOf(limits) };
}
