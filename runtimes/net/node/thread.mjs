// The thread of the sockets in Node.
import { appendFileSync, writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { beginSockets, serve } from '../sockets.mjs';
import { machine } from './machine.mjs';

const { log, self } = workerData;
const bells = new Int32Array(workerData.bells);

// Without this thread, that of the guest would never stop waiting.
process.on('uncaughtException', (error) => {
  writeSync(2, `${self}: ${error.stack}\n`);
  process.kill(process.pid, 'SIGKILL');
});

/** The requests of a thread of the guest come by the port, and the bell wakes it after each answer. */
function join(port, bell) {
  const take = serve((answer) => {
    port.postMessage(answer);
    Atomics.add(bells, bell, 1);
    Atomics.notify(bells, bell);
  });
  port.on('message', (message) => (message[0] === 'join' ? join(message[2], message[1]) : take(message)));
}

beginSockets(workerData, machine, log === null ? null : (line) => (log === '-' ? writeSync(2, line) : appendFileSync(log, line)));
join(workerData.port, workerData.bell);
