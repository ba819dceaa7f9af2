// Calls of WASI in a further thread. Descriptors belong to the first one, which waits while another thread has the baton: so it makes
// the call, on the memory that both have.
import { ERRNO } from '../guest.mjs';
import { EXITED } from './baton.mjs';

export const WASI_MODULE = 'wasi_snapshot_preview1';

// Words, for the one call that there is at a time: its number, or FREE, or BUSY, while it is made; who makes it; which of its words
// are of 64 bits; how many they are; how large the memory is; and from byte ARGUMENTS on, its words.
const CALL = 0, CALLER = 1, LONG = 2, RESULT = 3, COUNT = 4, PAGES = 5, ARGUMENTS = 32;
const FREE = -1, BUSY = -2, OPEN = -3;
const MOST_ARGUMENTS = 12;

/** The names of the calls that a module makes: each has its number in this list. */
export const callNames = (module) => WebAssembly.Module.imports(module).filter((i) => i.module === WASI_MODULE).map((i) => i.name);

export class Exchange {
  static make() {
    const buffer = new SharedArrayBuffer(ARGUMENTS + 8 * MOST_ARGUMENTS);
    new Int32Array(buffer)[CALL] = FREE;
    return buffer;
  }

  constructor(buffer, baton) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer, ARGUMENTS);
    this.longs = new BigInt64Array(buffer, ARGUMENTS);
    this.baton = baton;
  }

  /** In a further thread. */
  #send(call, args) {
    const { words, baton } = this;
    words[CALLER] = baton.me;
    words[LONG] = 0;
    words[COUNT] = args.length;
    words[PAGES] = baton.guest.pages;
    args.forEach((arg, i) => {
      if (typeof arg === 'bigint') {
        words[LONG] |= 1 << i;
        this.longs[i] = arg;
      } else this.numbers[i] = arg;
    });
    Atomics.store(words, CALL, call);
    baton.ring(0);
    baton.until(() => (Atomics.load(words, CALL) === FREE ? true : undefined));
    return words[RESULT];
  }

  /** The calls, for the imports of an instance. */
  calls(names) {
    const calls = Object.fromEntries(names.map((name, i) => [name, (...args) => this.#send(i, args)]));
    // These need no descriptor.
    calls.sched_yield = () => ERRNO.SUCCESS;
    calls.proc_exit = (status) => {
      this.baton.end(EXITED, status);
      this.baton.attend();
    };
    return calls;
  }

  /** Lets the first thread make another thread. */
  open = (thread) => this.#send(OPEN, [thread]) === 1;

  /** In the first thread: makes the calls of the others while it waits. */
  serve(names, calls, open) {
    const { words } = this, functions = names.map((name) => calls[name]);
    this.baton.service = () => {
      const call = Atomics.load(words, CALL);
      if (call === FREE || call === BUSY) return;
      Atomics.store(words, CALL, BUSY);
      const args = Array.from({ length: words[COUNT] }, (_, i) => (words[LONG] & (1 << i) ? this.longs[i] : this.numbers[i]));
      this.baton.catchUp(words[PAGES]);
      words[RESULT] = call === OPEN ? Number(open(args[0])) : functions[call](...args);
      Atomics.store(words, CALL, FREE);
      this.baton.ring(words[CALLER]);
    };
  }
}
