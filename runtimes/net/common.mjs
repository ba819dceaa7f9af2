// What the files of sockets share: errors, the rules, and what all kinds of sockets have in common.
import { appendFileSync, writeSync } from 'node:fs';
import net from 'node:net';
import { workerData } from 'node:worker_threads';
import { Policy, addressText, parseAddress } from './policy.mjs';

export const E = {
  EACCES: 2, EADDRINUSE: 3, EADDRNOTAVAIL: 4, EAFNOSUPPORT: 5, EAGAIN: 6, EALREADY: 7, EBADF: 8, ECONNABORTED: 13, ECONNREFUSED: 14,
  ECONNRESET: 15, EDESTADDRREQ: 17, EDQUOT: 19, EHOSTUNREACH: 23, EINPROGRESS: 26, EINVAL: 28, EIO: 29, EISCONN: 30, EMFILE: 33,
  EMSGSIZE: 35, ENETDOWN: 38, ENETUNREACH: 40, ENOBUFS: 42, ENOPROTOOPT: 50, ENOSYS: 52, ENOTCONN: 53, ENOTSUP: 58, EPERM: 63,
  EPIPE: 64, ETIMEDOUT: 73,
};
/** Bytes that wait on their way in or out of one socket; more are not taken. */
export const HIGH = 256 << 10;
const MOST_RECENT = 256;

/** number: WASI's. */
export class Failure extends Error {
  constructor(number) {
    super();
    this.number = number;
  }
}
export const fail = (name) => {
  throw new Failure(E[name]);
};
/** Of an error of Node's. */
export const numberOf = (error) => E[error?.code] ?? E.EIO;

// ---- What the policy says ----

const { rules, listenRules, log, self } = workerData;
export const policy = new Policy();
for (const rule of rules) policy.allow(rule);
for (const rule of listenRules) policy.allowListening(rule);
/** Answers that the guest was given, so that a rule for a name lets through what the name has given. */
const recent = [];

/** Writes a line about what no rule allows. */
export function refuse(what, of, option) {
  say(`${what} ${of} refused; ${option}=${of} would allow it`);
}

/** The same about what a limit does not allow. */
export function refuseMore(what, of, option, most) {
  say(`${what} ${of} refused; ${option}=${most} does not allow more`);
}

function say(text) {
  if (log === null) return;
  const line = `${self}: ${text}\n`;
  if (log === '-') writeSync(2, line);
  else appendFileSync(log, line);
}

export function mayConnect(bytes, port) {
  const text = addressText(bytes);
  return policy.mayConnect(bytes, port, null) ||
    recent.some((r) => r.text === text && policy.mayConnect(bytes, port, r.name));
}

export function remember(bytes, name) {
  const text = addressText(bytes);
  if (recent.some((r) => r.name === name && r.text === text)) return;
  if (recent.push({ text, name }) > MOST_RECENT) recent.shift();
}

// ---- Sockets ----

/** What all kinds of sockets share. A change of a socket calls the functions that wait for one. */
export class Socket {
  nonBlocking = false;
  family = 4;
  error = 0;
  left = false;
  #waiting = new Set();

  changed = () => {
    for (const wake of [...this.#waiting]) wake();
  };

  onChange(wake) {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Waits until the condition holds, and then takes what it waited for, before anybody else can who waits for the same. A socket that
   * does not block fails instead, and so does one that is closed meanwhile. */
  async until(condition, take = () => {}) {
    while (!condition()) {
      if (this.left) fail('EBADF');
      if (this.nonBlocking) fail('EAGAIN');
      await new Promise((resolve) => {
        const stop = this.onChange(() => {
          stop();
          resolve();
        });
      });
    }
    return take();
  }

  /** It is closed: who waits for it ends. */
  leave() {
    this.left = true;
    this.changed();
  }

  /** An error is reported once. */
  throwError() {
    const error = this.error;
    this.error = 0;
    if (error) throw new Failure(error);
  }

  /** An address of the guest as the socket's family has it. To connect to "any" means to connect to this machine. */
  target(bytes) {
    let text = addressText(bytes);
    if (text === '0.0.0.0') text = '127.0.0.1';
    if (text === '::') text = '::1';
    if (net.isIPv4(text) && this.family === 6) return { text: `::ffff:${text}`, bytes: parseAddress(text) };
    if (net.isIPv6(text) && this.family === 4) fail('EAFNOSUPPORT');
    return { text, bytes: parseAddress(text) };
  }

  options = {};
  option(name, value) {
    if (value === undefined && name === 'error') {
      const error = this.error;
      this.error = 0;
      return error;
    }
    const set = this.setters[name];
    if (!set) fail('ENOPROTOOPT');
    if (value === undefined) return this.options[name] ?? 0;
    this.options[name] = set(value) ?? value;
    return null;
  }
}

/** An address in an answer. */
export const word = (address, port) => (net.isIPv4(address) ? `4 ${address} ${port}` : `6 ${address} ${port}`);

// (An IPv4 address in an IPv6 socket has its long form, as the guest's family has no other.)
export const plain = (address, family) => (family === 4 ? address.replace(/^::ffff:/, '') : net.isIPv4(address) ? `::ffff:${address}` : address);
