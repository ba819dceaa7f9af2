// A further thread of the guest.
import { clocks, stacked } from './threads.js';
import { Guest } from './wl/guest.js';
import { layer } from './wl/layers.js';
import { Baton } from './wl/threads/baton.js';
import { Exchange, WASI_MODULE, callNames } from './wl/threads/calls.js';
import { MEMORY_IMPORT } from './wl/threads/module.js';
import { runThreads } from './wl/threads/run.js';

onmessage = async ({ data: { thread, control, exchange, module, memory, fd, origin, line } }) => {
  const guest = new Guest();
  guest.memory = memory;
  const baton = new Baton(control, thread, guest), first = new Exchange(exchange, baton), calls = first.calls(callNames(module));
  const sockets = line && (await import('./wl/net/page/line.js')).lineOf(line);
  await layer(calls, guest, { fd, waiter: baton, line: sockets, open: first.open, clock: clocks(origin) });
  const imports = { [WASI_MODULE]: calls, [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory } };
  await runThreads(baton, () => new WebAssembly.Instance(module, imports), stacked);
};
