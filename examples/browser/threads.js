// Threads of the guest, seen from the first one (docs/threads.md).
import { Guest } from './wl/guest.js';
import { Baton, EXITED, RUNS_ON } from './wl/threads/baton.js';
import { Exchange, callNames } from './wl/threads/calls.js';
import { MEMORY_IMPORT, makeMemory } from './wl/threads/module.js';

/** How long a worker may take to be there, ms. */
const PATIENCE = 120000;

/** WASI's clocks, for all threads; origin: performance.timeOrigin of the first one. */
export const clocks = (origin) => (number) =>
  (number === 0 ? BigInt(Date.now()) * 1000000n : BigInt(Math.round((performance.timeOrigin - origin + performance.now()) * 1e6)));

/** A function that can be suspended has its own stack, which in Chromium is twice as large as a worker's. */
export const stacked = (call) => (WebAssembly.promising ? WebAssembly.promising(call) : call);

export class Crew {
  /** shared: of load(). */
  constructor(module, shared) {
    this.guest = new Guest();
    this.guest.memory = makeMemory(shared);
    this.imports = { [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: this.guest.memory } };
    const control = Baton.make(shared.threads);
    this.baton = new Baton(control, 0, this.guest);
    this.common = { control, exchange: Exchange.make(), module, memory: this.guest.memory, origin: performance.timeOrigin };
  }

  /** Before calls are changed: they are those that the first thread makes for others. fd: of the channel's directory; sockets: of
   * startSockets(), if there is a network. Returns the function that makes a thread. */
  serve(calls, fd, sockets) {
    const { baton, common } = this;
    const open = (thread) => {
      baton.opening(thread);
      const line = sockets?.join(Baton.bellOf(thread));
      postMessage({ thread: { ...common, thread, fd, line } }, line ? [line.port] : []);
      return baton.until(() => baton.isOpen(thread), PATIENCE) === true;
    };
    new Exchange(common.exchange, baton).serve(callNames(common.module), calls, open);
    return open;
  }

  /** How another thread has ended the guest: { status } or { error }; undefined: none has. */
  ending() {
    const { how, status, text } = this.baton.ending;
    if (how === RUNS_ON) return undefined;
    return how === EXITED ? { status } : { error: text };
  }
}
