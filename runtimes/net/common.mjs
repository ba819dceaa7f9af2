// What the files of sockets share: errors, the rules, and what all kinds of sockets have in common.
import { isIPv4, isIPv6 } from './address.mjs';
import { Policy, addressText, parseAddress } from './policy.mjs';

export const E = {
  EACCES: 2, EADDRINUSE: 3, EADDRNOTAVAIL: 4, EAFNOSUPPORT: 5, EAGAIN: 6, EALREADY: 7, EBADF: 8, ECONNABORTED: 13, ECONNREFUSED: 14,
  ECONNRESET: 15, EDEADLK: 16, EDESTADDRREQ: 17, EDQUOT: 19, EHOSTUNREACH: 23, EINPROGRESS: 26, EINVAL: 28, EIO: 29, EISCONN: 30, EMFILE: 33,
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

export const policy = new Policy();
/** What makes connections here: node/machine.mjs, page/machine.mjs. */
export let machine = null;
let name = '', write = null;

/** Once, before all else. say(LINE): writes to the log; null: there is none. */
export function begin({ rules, listenRules, self }, theMachine, say) {
  for (const rule of rules) policy.allow(rule);
  for (const rule of listenRules) policy.allowListening(rule);
  machine = theMachine;
  name = self;
  write = say;
}

/** Answers that the guest was given, so that a rule for a name lets through what the name has given. */
const recent = [];

/** Writes a line about what no rule allows. */
export function refuse(what, of, option) {
  say(`${what} ${of} refused; ${machine.advice(option, of)}`);
}

/** The same about what a limit does not allow. */
export function refuseMore(what, of, option, most) {
  say(`${what} ${of} refused; ${option}=${most} does not allow more`);
}

export function say(text) {
  write?.(`${name}: ${text}\n`);
}

export function mayConnect(bytes, port) {
  const text = addressText(bytes);
  return policy.mayConnect(bytes, port, null) ||
    recent.some((r) => r.text === text && policy.mayConnect(bytes, port, r.name));
}

export function remember(bytes, of) {
  const text = addressText(bytes);
  if (recent.some((r) => r.name === of && r.text === text)) return;
  if (recent.push({ text, name: of }) > MOST_RECENT) recent.shift();
}

// ---- Steps ----
// What may have to wait is written as a generator, which yields what it waits for (a promise). So one code serves a thread that can wait for
// promises, and one that cannot.

const isSteps = (value) => typeof value?.next === 'function';

/** Takes all steps. result: of a function that may be a generator. */
export async function wait(result) {
  if (!isSteps(result)) return result;
  for (let step = result.next(); ;) {
    if (step.done) return step.value;
    let value, error = null;
    try {
      value = await step.value;
    } catch (thrown) {
      error = { thrown };
    }
    step = error ? result.throw(error.thrown) : result.next(value);
  }
}

/** Takes all steps now. One that has to wait fails, because nothing could end that. */
export function now(result) {
  if (!isSteps(result)) return result;
  let step = result.next();
  while (!step.done) step = step.value instanceof Promise ? result.throw(new Failure(E.EDEADLK)) : result.next(step.value);
  return step.value;
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
  *until(condition, take = () => {}) {
    while (!condition()) {
      if (this.left) fail('EBADF');
      if (this.nonBlocking) fail('EAGAIN');
      yield new Promise((resolve) => {
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
    if (isIPv4(text) && this.family === 6) return { text: `::ffff:${text}`, bytes: parseAddress(text) };
    if (isIPv6(text) && this.family === 4) fail('EAFNOSUPPORT');
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
export const word = (address, port) => (isIPv4(address) ? `4 ${address} ${port}` : `6 ${address} ${port}`);

// (An IPv4 address in an IPv6 socket has its long form, as the guest's family has no other.)
export const plain = (address, family) => (family === 4 ? address.replace(/^::ffff:/, '') : isIPv4(address) ? `::ffff:${address}` : address);
