// A further thread of a guest in Node.
import { workerData } from 'node:worker_threads';
import { clock } from '../clock.mjs';
import { Guest } from '../guest.mjs';
import { layer } from '../layers.mjs';
import { Baton } from './baton.mjs';
import { Exchange, WASI_MODULE, callNames } from './calls.mjs';
import { MEMORY_IMPORT } from './module.mjs';
import { runThreads } from './run.mjs';

const MONOTONIC = 1;
const { thread, control, exchange, module, memory, fd, line } = workerData;
const guest = new Guest();
guest.memory = memory;
const baton = new Baton(control, thread, guest), first = new Exchange(exchange, baton), calls = first.calls(callNames(module));
// The clock of all threads; that of the calendar is more exact in the first thread than here.
const otherClock = calls.clock_time_get;
calls.clock_time_get = (clock, precision, at) => {
  if (clock !== MONOTONIC) return otherClock(clock, precision, at);
  guest.view().setBigUint64(at, process.hrtime.bigint(), true);
  return 0;
};
const sockets = line && (await import('../net/node/line.mjs')).lineOf(line);
await layer(calls, guest, { fd, waiter: baton, line: sockets, open: first.open, clock });
await runThreads(baton, () => new WebAssembly.Instance(module, { [WASI_MODULE]: calls, [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory } }));
