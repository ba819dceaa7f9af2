// How the guest's threads ask the thread of the sockets in a page that is isolated: requests by a port, and answers in shared memory, because a
// thread that waits gets no messages.
import { Numbers } from '../numbers.mjs';

/** Bytes of what was received in one answer. */
export const MOST_DATA = 256 << 10;
const MOST_TEXT = 128 << 10, MOST_EVENTS = 1024;
// Words: whether there is an answer; the size of its text (JSON), and of its data behind that.
const THERE = 0, TEXT = 1, DATA = 2, START = 16;

const makeAnswers = () => new SharedArrayBuffer(START + MOST_TEXT + MOST_DATA);

/** Writes an answer there. */
export function putAnswer(buffer, { error, value }) {
  const words = new Int32Array(buffer, 0, 3), data = value?.data instanceof Uint8Array ? value.data : new Uint8Array(0);
  // (The next poll has the rest.)
  const short = Array.isArray(value) ? value.slice(0, MOST_EVENTS) : value?.data ? { ...value, data: null } : value;
  const text = new TextEncoder().encode(JSON.stringify({ error, value: short }));
  const bytes = new Uint8Array(buffer, START);
  bytes.set(text);
  bytes.set(data, text.length);
  words[TEXT] = text.length;
  words[DATA] = data.length;
  Atomics.store(words, THERE, 1);
}

function takeAnswer(buffer) {
  const words = new Int32Array(buffer, 0, 3);
  if (Atomics.load(words, THERE) === 0) return undefined;
  const bytes = new Uint8Array(buffer, START, words[TEXT] + words[DATA]).slice();
  Atomics.store(words, THERE, 0);
  const answer = JSON.parse(new TextDecoder().decode(bytes.subarray(0, words[TEXT])));
  if (answer.value?.data === null) answer.value.data = bytes.subarray(words[TEXT]);
  return answer;
}

/** One thread's line, for giveNetwork(). port, numbers, answers: of startSockets() or its join(). */
export const lineOf = ({ port, numbers, answers }) => ({
  numbers,
  most: MOST_DATA,
  send: (message) => port.postMessage(message),
  received: () => takeAnswer(answers),
});

/** Asks the page for the thread of the sockets (a worker that waits cannot start one). network: what the page gives the guest, for
 * readSettings(), and limits: what that gave; waiter: how the guest's first thread waits. Returns what lineOf() needs for it, and join(bell),
 * which makes the same for a further thread with that bell. */
export function startSockets(network, limits, waiter) {
  const numbers = Numbers.make(limits.sockets), answers = makeAnswers(), { port1, port2 } = new MessageChannel();
  postMessage({ network: { network, bells: waiter.words.buffer, bell: waiter.bell, answers, port: port2 } }, [port2]);
  return {
    port: port1,
    numbers,
    answers,
    join(bell) {
      const line = new MessageChannel(), more = makeAnswers();
      port1.postMessage(['join', bell, more, line.port2], [line.port2]);
      return { port: line.port1, numbers, answers: more };
    },
  };
}
