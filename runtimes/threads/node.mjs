// Threads of a guest in Node, seen from the first one.
import { Worker } from 'node:worker_threads';
import { Baton, EXITED, RUNS_ON } from './baton.mjs';
import { Exchange, callNames } from './calls.mjs';
import { MEMORY_IMPORT, makeMemory, shareMemory } from './module.mjs';
import { lookBeforeReading } from './streams.mjs';

/** The stack of a further thread, MB: what runtimes/node gives the first one. */
const STACK = 16;
/** How long a thread may take to be there, ms. */
const PATIENCE = 120000;
const TRAP_STATUS = 134;

/** bytes: the module. null: it can have no threads. */
export function prepareThreads(bytes, most) {
  try {
    const shared = shareMemory(bytes);
    return shared && new Crew(shared, most);
  } catch (error) {
    // It is no module, or there is no such memory: compiling it or starting it says so.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

class Crew {
  #module;
  #fd;
  #sockets;

  constructor(shared, most) {
    this.bytes = shared.bytes;
    this.memory = makeMemory(shared);
    this.imports = { [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: this.memory } };
    this.control = Baton.make(most);
    this.exchange = Exchange.make();
  }

  /** Gives what the first thread waits by. */
  begin(guest) {
    guest.memory = this.memory;
    this.baton = new Baton(this.control, 0, guest);
    return this.baton;
  }

  /** Before calls are changed: they are those that the first thread makes for others. Returns the function that makes a thread. */
  serve(module, calls, fd, sockets) {
    this.#module = module;
    this.#fd = fd;
    this.#sockets = sockets;
    const open = (thread) => this.#open(thread);
    lookBeforeReading(calls, this.baton.guest, this.baton);
    new Exchange(this.exchange, this.baton).serve(callNames(module), calls, open);
    return open;
  }

  #open(thread) {
    const { control, exchange, memory, baton } = this;
    baton.opening(thread);
    try {
      const line = this.#sockets?.join(Baton.bellOf(thread));
      const worker = new Worker(new URL('./node-worker.mjs', import.meta.url), {
        workerData: { thread, control, exchange, module: this.#module, memory, fd: this.#fd, line },
        transferList: line ? [line.port] : [],
        resourceLimits: { stackSizeMb: STACK },
      });
      worker.unref();
      worker.on('error', () => {});
    } catch {
      return false;
    }
    return baton.until(() => baton.isOpen(thread), PATIENCE) === true;
  }

  /** undefined: no thread has ended the guest. */
  ending() {
    const { how, status, text } = this.baton.ending;
    if (how === RUNS_ON) return undefined;
    return how === EXITED ? { status } : { status: TRAP_STATUS, text };
  }
}
