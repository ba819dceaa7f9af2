// How the guest's threads ask the thread of the sockets in Node.
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import { Numbers } from '../numbers.mjs';

/** One thread's line, for giveNetwork(). port, numbers: of startSockets() or its join(). */
export const lineOf = ({ port, numbers }) => ({
  numbers,
  most: Infinity,
  send: (message) => port.postMessage(message),
  received: () => receiveMessageOnPort(port)?.message,
});

/** Starts the thread of the sockets. options: what readOptions() gave; waiter: how the guest's first thread waits. Returns what
 * lineOf() needs for it, and join(bell), which makes the same for a further thread with that bell. */
export function startSockets(options, waiter) {
  const numbers = Numbers.make(options.limits.sockets), { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./thread.mjs', import.meta.url), {
    workerData: { ...options, bells: waiter.words.buffer, bell: waiter.bell, port: port2 },
    transferList: [port2],
  });
  worker.unref();
  return {
    port: port1,
    numbers,
    join(bell) {
      const line = new MessageChannel();
      port1.postMessage(['join', bell, line.port2], [line.port2]);
      return { port: line.port1, numbers };
    },
  };
}
