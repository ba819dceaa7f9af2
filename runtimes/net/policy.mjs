// What a guest may reach on the network: the rules of wl-run (host/net/policy.h), for runtimes in JavaScript.
// Addresses are arrays of 16 bytes; IPv4 is kept as ::ffff:a.b.c.d, so that both forms of one address are the same.
import { isIPv4, isIPv6 } from './address.mjs';

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
const MOST_RULES = 4096, MOST_RANGES = 32;

/** The bytes of an address in its usual form; null: it is none. */
export function parseAddress(text) {
  if (isIPv4(text)) return [...MAPPED, ...text.split('.').map(Number)];
  if (!isIPv6(text) || text.includes('%')) return null;
  // A URL has the canonical form, without dots.
  const [head, tail] = new URL(`http://[${text}]/`).hostname.slice(1, -1).split('::');
  const groups = (part) => (part ? part.split(':') : []);
  const front = groups(head), back = groups(tail);
  const all = [...front, ...Array(8 - front.length - back.length).fill('0'), ...back];
  return all.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]);
}

const isV4 = (bytes) => MAPPED.every((byte, i) => bytes[i] === byte);

/** As inet_ntop() writes it. */
export function addressText(bytes) {
  if (isV4(bytes)) return bytes.slice(12).join('.');
  const groups = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}

/** ADDRESS:PORT, with brackets where they are needed. */
export const endText = (bytes, port) => (isV4(bytes) ? `${addressText(bytes)}:${port}` : `[${addressText(bytes)}]:${port}`);

function sameBits(a, b, bits) {
  for (let i = 0; i < bits; i++) if ((a[i >> 3] ^ b[i >> 3]) & (0x80 >> i % 8)) return false;
  return true;
}

// As in host/net/policy.c: the IANA's registries of special-purpose addresses, multicast, and a cloud's metadata service.
const block = (text) => {
  const [address, bits] = text.split('/');
  return { bytes: parseAddress(address), bits: Number(bits) + (isIPv4(address) ? 96 : 0) };
};
const SPECIAL4 = ['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '168.63.129.16/32', '169.254.0.0/16', '172.16.0.0/12',
  '192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24',
  '224.0.0.0/4', '240.0.0.0/4'].map(block);
const SPECIAL6 = ['::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '3fff::/20', '5f00::/16', 'fc00::/7',
  'fe80::/10', 'fec0::/10', 'ff00::/8'].map(block);

function isSpecialBlock(bytes, bits) {
  const blocks = isV4(bytes) && bits >= 96 ? SPECIAL4 : SPECIAL6;
  return blocks.some((b) => bits >= b.bits && sameBits(bytes, b.bytes, b.bits));
}

/** The IPv4 address that routers make of an IPv6 one: NAT64 and 6to4. */
function embedded(bytes) {
  if (sameBits(bytes, [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0], 96)) return [...MAPPED, ...bytes.slice(12)];
  if (bytes[0] === 0x20 && bytes[1] === 0x02) return [...MAPPED, ...bytes.slice(2, 6)];
  return null;
}

function isSpecial(bytes) {
  const v4 = embedded(bytes);
  return isSpecialBlock(bytes, 128) || (v4 !== null && isSpecialBlock(v4, 128));
}

/** The canonical form of a name; null: it is not a name of a host. */
export function parseName(text) {
  const name = text.replace(/\.$/, '').toLowerCase();
  return name.length < 254 && /^([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name) ? name : null;
}

// What inet_aton() takes for an address, as 127.1 or 0x7f000001.
export const looksNumeric = (name) => /^(0x[0-9a-f]*|[0-9]+)(\.(0x[0-9a-f]*|[0-9]+)){0,3}$/.test(name);
const isLocalhost = (name) => name === 'localhost' || name.endsWith('.localhost');
export const isLoopback = (bytes) => (isV4(bytes) ? bytes[12] === 127 : addressText(bytes) === '::1');

// ---- Reading a rule; what is wrong is thrown, as one line ----

function readPorts(text) {
  const ranges = [];
  for (const part of text.split(',')) {
    const match = /^([0-9]{1,6})(?:-([0-9]{1,6}))?$/.exec(part);
    if (!match || match[1] > 65535 || match[2] > 65535)
      throw new Error(`"${text}" is not a list of ports; write numbers and ranges, as in 443,8000-8010`);
    const first = Number(match[1]), last = Number(match[2] ?? match[1]);
    if (last < first) throw new Error(`"${text}" has a range of ports that does not end behind its start`);
    if (ranges.push([first, last]) > MOST_RANGES) throw new Error(`"${text}" has more than ${MOST_RANGES} ranges of ports`);
  }
  return ranges;
}

function readBlock(host) {
  const [text, size, more] = host.split('/');
  const bytes = parseAddress(text);
  if (!bytes && size !== undefined) throw new Error(`"${text}" is not an address; /BITS can only follow one`);
  if (!bytes) return null;
  const most = isIPv4(text) ? 32 : 128;
  if (size !== undefined && (!/^[0-9]{1,6}$/.test(size) || size > most || more !== undefined))
    throw new Error(`"${size}" is not a number of bits from 0 to ${most}`);
  const bits = Number(size ?? most) + 128 - most;
  for (let i = bits; i < 128; i++)
    if (bytes[i >> 3] & (0x80 >> i % 8)) throw new Error(`${host} has bits set behind the first ${size}`);
  return { kind: 'block', bytes, bits, namesSpecial: isSpecialBlock(bytes, bits) };
}

function readHost(host) {
  if (host === '*') return { kind: 'every' };
  const below = host.startsWith('*.');
  const found = below ? null : readBlock(host);
  if (found) return found;
  const name = parseName(below ? host.slice(2) : host);
  if (name === null) throw new Error(`"${host}" is neither an address nor the name of a host`);
  if (looksNumeric(name)) throw new Error(`"${host}" is not a complete address; write all four numbers, in decimal`);
  return { kind: below ? 'below' : 'name', name };
}

function readRule(text) {
  let host = text, ports;
  if (text.startsWith('[')) {
    const match = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (!match) throw new Error(`"${text}" has no ] that ends the address`);
    [, host, ports] = match;
  } else if (text.split(':').length === 2) {
    [host, ports] = text.split(':');
  }
  if (!host || host.length > 260) throw new Error(`"${text}" has no host before the port`);
  const rule = readHost(host);
  rule.ranges = ports === undefined ? [] : readPorts(ports);
  return rule;
}

// ---- Asking ----

const hasPort = (rule, port) => !rule.ranges.length || rule.ranges.some(([first, last]) => port >= first && port <= last);
const coversName = (rule, name) => (rule.kind === 'name' && rule.name === name) ||
  (rule.kind === 'below' && name.length > rule.name.length + 1 && name.endsWith('.' + rule.name));
const sameFamily = (rule, bytes) => isV4(bytes) === (isV4(rule.bytes) && rule.bits >= 96);
// 0.0.0.0 or ::, which for a listener are all addresses of the machine.
const isUnspecified = (rule) => rule.bits === 128 && ['0.0.0.0', '::'].includes(addressText(rule.bytes));

function coversAddress(rule, bytes, special) {
  if (rule.kind === 'every') return !special;
  return rule.kind === 'block' && sameFamily(rule, bytes) && sameBits(bytes, rule.bytes, rule.bits) && (!special || rule.namesSpecial);
}

// A name gives a special address only if it means this machine by definition.
const gives = (rule, name, bytes, special) => coversName(rule, name) && (!special || (isLocalhost(name) && isLoopback(bytes)));

export class Policy {
  #connect = [];
  #listen = [];
  #ranges;

  /** ranges: the ports, [[FIRST, LAST]...], of a rule that names none; []: all. */
  constructor(ranges = []) {
    this.#ranges = ranges;
  }

  /** Adds a rule: HOST[:PORTS]. */
  allow(text) {
    const rule = readRule(text);
    this.#add(this.#connect, rule.ranges.length ? rule : { ...rule, ranges: this.#ranges });
  }

  /** Adds a rule: ADDRESS:PORTS. */
  allowListening(text) {
    const rule = readRule(text);
    if (rule.kind === 'below' || (rule.kind === 'name' && rule.name !== 'localhost'))
      throw new Error(`"${text}" is not an address to listen on; write an address, localhost or *`);
    if (!rule.ranges.length) throw new Error(`"${text}" names no port; write ADDRESS:PORT, with port 0 for any free one`);
    this.#add(this.#listen, rule);
  }

  #add(rules, rule) {
    if (rules.length === MOST_RULES) throw new Error(`there are more than ${MOST_RULES} rules`);
    rules.push(rule);
  }

  mayLookUp(name) {
    return this.#connect.some((rule) => (rule.kind === 'every' && !isLocalhost(name)) || coversName(rule, name));
  }

  /** Whether a name may be reached by somebody else who looks it up, so that its addresses are not known here. */
  mayReach(name, port) {
    return this.#connect.some((rule) => hasPort(rule, port) && ((rule.kind === 'every' && !isLocalhost(name)) || coversName(rule, name)));
  }

  /** Whether an answer for that name may be given to the guest. */
  mayAnswer(name, bytes) {
    const special = isSpecial(bytes);
    return this.#connect.some((rule) => gives(rule, name, bytes, special) || coversAddress(rule, bytes, special));
  }

  /** name: one that the address was looked up by, or null. */
  mayConnect(bytes, port, name) {
    const special = isSpecial(bytes);
    return this.#connect.some((rule) => hasPort(rule, port) &&
      (coversAddress(rule, bytes, special) || (name !== null && gives(rule, name, bytes, special))));
  }

  /** anyPort: the system has chosen the port. */
  mayBind(bytes, port, anyPort) {
    return this.#listen.some((rule) => {
      const here = rule.kind === 'every' || (rule.kind === 'name' && isLoopback(bytes)) ||
        (rule.kind === 'block' && sameFamily(rule, bytes) && (isUnspecified(rule) || sameBits(bytes, rule.bytes, rule.bits)));
      return here && (hasPort(rule, port) || (anyPort && hasPort(rule, 0)));
    });
  }
}
