// The baton: which of the guest's threads runs (docs/threads.md). All threads see the same words, in memory of the host's own, and
// change them with the lock. Each has a bell, a word that others change to wake it.

/** Of a thread. NONE: there is no such thread yet; AWAY: in a call of the host, without the baton; POLLS: the same, and a wake ends it. */
const NONE = 0, IDLE = 1, QUEUED = 2, RUNS = 3, AWAY = 4, PARKED = 5, POLLS = 6, FAILED = 7;
// Words for all. LAST: whose own words are in the guest's memory; TICKER: the thread that ends the slice of the one that runs.
const LOCK = 0, HOLDER = 1, LAST = 2, ORDER = 3, LIVE = 4, MADE = 5, MOST = 6, LIST = 7, COUNT = 8, TICKER = 9, PAGES = 10, OVER = 11, STATUS = 12,
  SIZE = 13, WORDS = 16;
const SINCE = 20; // of doubles
const TEXT = 256, TEXT_SIZE = 1024; // bytes
const FIRST = (TEXT + TEXT_SIZE) / 4, EACH = 32;
// Words of each.
const STATE = 0, AT = 1, TURN = 2, BELL = 3, ARGUMENT = 4, POLL_AT = 5, OWN = 8;
const MOST_WORDS = 16;
// The guest's list (docs/channel.md), in words.
const WANTED = 0, CELL = 1, OFFSET = 2, BITS = 3, LENGTH = 4, ADDRESSES = 5;
/** How long a thread runs that others wait for, ms. */
const SLICE = 5;

export const NOBODY = -1, RUNS_ON = 0, EXITED = 1, TRAPPED = 2;
export const MOST_THREADS = 256;

/** Thrown in a thread that waits, when the guest is over. */
export class Over extends Error {}

const now = () => performance.timeOrigin + performance.now();

/** For what waits in the host without threads. */
export class Alone {
  woken = false;

  constructor(buffer = new SharedArrayBuffer(4), at = 0) {
    this.words = new Int32Array(buffer);
    this.bell = at;
  }

  /** Waits until ready() gives a value, and returns it; undefined: the time is over. Who changes the answer rings the bell. */
  until(ready, ms = Infinity) {
    const end = ms === Infinity ? Infinity : now() + ms;
    for (;;) {
      const heard = Atomics.load(this.words, this.bell);
      this.attend();
      const value = ready();
      if (value !== undefined) return value;
      const left = end - now();
      if (left <= 0) return undefined;
      Atomics.wait(this.words, this.bell, heard, left);
    }
  }

  /** The same while others may run. polls: a wake of the address that the thread has asked for ends it, too; then woken is true. */
  away(ready, ms) {
    return this.until(ready, ms);
  }

  /** A poll is over, which a wake could have ended. */
  polled() {}

  hasOthers() {
    return false;
  }

  /** What to do while waiting. */
  attend() {}

  /** The guest is over: from now on the host alone waits. */
  finish() {
    this.attend = () => {};
  }
}

export class Baton extends Alone {
  /** Words for so many further threads. */
  static make(most) {
    const words = new Int32Array(new SharedArrayBuffer((FIRST + EACH * (most + 1)) * 4));
    words.set([0, 0, 0, 0, 0, 1, most], LOCK);
    words[LIST] = words[TICKER] = NOBODY;
    words[FIRST + STATE] = RUNS;
    return words.buffer;
  }

  /** me: 0 is the first thread. guest: with its memory. */
  constructor(buffer, me, guest) {
    super(buffer, FIRST + EACH * me + BELL);
    this.times = new Float64Array(buffer, 0, TEXT / 8);
    this.me = me;
    this.guest = guest;
  }

  get buffer() {
    return this.words.buffer;
  }

  static bellOf(thread) {
    return FIRST + EACH * thread + BELL;
  }

  hasOthers() {
    return this.words[MADE] > 1;
  }

  /** What to do while waiting, besides. */
  service = () => {};

  attend() {
    if (Atomics.load(this.words, OVER) !== RUNS_ON) throw new Over();
    this.service();
  }

  // ---- With the lock ----

  #lock() {
    const { words } = this;
    if (Atomics.compareExchange(words, LOCK, 0, 1) === 0) return;
    while (Atomics.exchange(words, LOCK, 2) !== 0) Atomics.wait(words, LOCK, 2);
  }

  #unlock() {
    if (Atomics.exchange(this.words, LOCK, 0) === 2) Atomics.notify(this.words, LOCK, 1);
  }

  #get(thread, word) {
    return this.words[FIRST + EACH * thread + word];
  }

  #set(thread, word, value) {
    this.words[FIRST + EACH * thread + word] = value;
  }

  /** The thread that has waited longest, of those of which that is true. */
  #oldest(is) {
    const order = this.words[ORDER];
    let found = NOBODY, age = -1;
    for (let i = 0; i < this.words[MADE]; i++) {
      if (!is(i)) continue;
      const waits = (order - this.#get(i, TURN)) >>> 0;
      if (waits > age) {
        found = i;
        age = waits;
      }
    }
    return found;
  }

  #newest() {
    const order = this.words[ORDER];
    let found = NOBODY, age = Infinity;
    for (let i = 0; i < this.words[MADE]; i++) {
      const waits = (order - this.#get(i, TURN)) >>> 0;
      if (this.#get(i, STATE) === QUEUED && waits < age) {
        found = i;
        age = waits;
      }
    }
    return found;
  }

  #stamp(thread) {
    this.#set(thread, TURN, this.words[ORDER]++);
  }

  ring(thread) {
    Atomics.add(this.words, Baton.bellOf(thread), 1);
    Atomics.notify(this.words, Baton.bellOf(thread));
  }

  #grant(thread) {
    const { words } = this;
    words[HOLDER] = thread;
    this.times[SINCE] = now();
    this.#set(thread, STATE, RUNS);
    if (words[TICKER] !== thread) return;
    // (The last one keeps this duty for longest.)
    words[TICKER] = this.#newest();
    if (words[TICKER] !== NOBODY) this.ring(words[TICKER]);
  }

  #queue(thread) {
    const { words } = this;
    this.#set(thread, STATE, QUEUED);
    this.#stamp(thread);
    if (words[HOLDER] !== NOBODY && now() - this.times[SINCE] >= SLICE) this.#want();
    if (words[TICKER] !== NOBODY) return;
    words[TICKER] = thread;
    if (thread !== this.me) this.ring(thread);
  }

  #pass() {
    const { words } = this;
    words[HOLDER] = NOBODY;
    const next = this.#oldest((i) => this.#get(i, STATE) === QUEUED);
    if (next === NOBODY) return;
    this.#grant(next);
    if (next !== this.me) this.ring(next);
  }

  /** Asks the thread that runs to give the baton away. It runs meanwhile, and the list is its own, so all is checked. */
  #want() {
    const at = this.words[LIST];
    if (at === NOBODY) return;
    const memory = this.guest.shared(), list = at >>> 2;
    Atomics.store(memory, list + WANTED, 1);
    const word = (address) => (address % 4 === 0 && address / 4 < memory.length ? address / 4 : NOBODY);
    const cell = Atomics.load(memory, list + CELL) >>> 0;
    if (!cell || word(cell) === NOBODY) return;
    const base = Atomics.load(memory, word(cell)) >>> 0;
    if (!base) return;
    const place = word(base + (Atomics.load(memory, list + OFFSET) >>> 0));
    if (place !== NOBODY) Atomics.or(memory, place, Atomics.load(memory, list + BITS));
  }

  /** The holder puts what is its own aside. */
  #putAside() {
    const { words } = this, memory = this.guest.shared(), own = FIRST + EACH * this.me + OWN;
    for (let i = 0; i < words[COUNT]; i++) words[own + i] = memory[words[WORDS + i] >>> 2];
    words[LAST] = this.me;
    words[PAGES] = this.guest.pages;
  }

  /** Another thread may have made the memory larger: this lets the own view of it become so, too. */
  catchUp(pages) {
    if (this.guest.pages < pages) this.guest.memory.grow(0);
  }

  #pickUp() {
    const { words } = this;
    this.catchUp(words[PAGES]);
    if (words[LAST] === this.me) return;
    const memory = this.guest.shared(), own = FIRST + EACH * this.me + OWN;
    for (let i = 0; i < words[COUNT]; i++) memory[words[WORDS + i] >>> 2] = words[own + i];
  }

  /** Waits for the baton. The lock is held, and not afterwards. */
  #take() {
    const { words, me } = this, state = this.#get(me, STATE);
    if (words[HOLDER] === NOBODY) this.#grant(me);
    else if (state !== QUEUED && state !== RUNS) this.#queue(me);
    this.#unlock();
    this.#untilItRuns();
  }

  #untilItRuns() {
    const { words, me } = this;
    for (;;) {
      const heard = Atomics.load(words, this.bell);
      this.attend();
      this.#lock();
      const runs = this.#get(me, STATE) === RUNS;
      let ms = Infinity;
      if (!runs && words[TICKER] === me) {
        ms = SLICE - (now() - this.times[SINCE]);
        if (ms <= 0) {
          this.#want();
          ms = SLICE;
        }
      }
      this.#unlock();
      if (runs) break;
      Atomics.wait(words, this.bell, heard, ms);
    }
    this.#pickUp();
  }

  // ---- For those who have the baton ----

  away(ready, ms = Infinity, polls = false) {
    this.woken = false;
    if (!this.hasOthers()) return this.until(ready, ms);
    const { me } = this, at = this.#get(me, POLL_AT), ends = polls && at !== 0;
    this.#lock();
    this.#putAside();
    this.#set(me, STATE, ends ? POLLS : AWAY);
    this.#set(me, AT, at);
    this.#stamp(me);
    this.#pass();
    this.#unlock();
    const wake = {};
    let value = this.until(() => {
      const got = ready();
      return got === undefined && ends && Atomics.load(this.words, FIRST + EACH * me + STATE) !== POLLS ? wake : got;
    }, ms);
    if (value === wake) {
      this.woken = true;
      value = undefined;
    }
    this.#lock();
    this.#set(me, STATE, AWAY);
    this.#take();
    return value;
  }

  /** Until a wake of that address. False: the time is over. */
  park(at, ms) {
    const { me } = this;
    this.#lock();
    this.#putAside();
    this.#set(me, STATE, PARKED);
    this.#set(me, AT, at);
    this.#stamp(me);
    this.#pass();
    this.#unlock();
    const parked = () => (Atomics.load(this.words, FIRST + EACH * me + STATE) === PARKED ? undefined : true);
    this.until(parked, ms);
    this.#lock();
    const woken = this.#get(me, STATE) !== PARKED;
    if (!woken) this.#set(me, STATE, AWAY);
    this.#take();
    return woken;
  }

  wake(at, count) {
    if (!this.hasOthers()) return;
    this.#lock();
    for (; count > 0; count--) {
      const t = this.#oldest((i) => [PARKED, POLLS].includes(this.#get(i, STATE)) && this.#get(i, AT) === (at | 0));
      if (t === NOBODY) break;
      if (this.#get(t, STATE) === PARKED) {
        this.#queue(t);
      } else {
        this.#set(t, STATE, AWAY);
        this.ring(t);
      }
    }
    this.#unlock();
  }

  giveWay() {
    if (!this.hasOthers()) return;
    this.#lock();
    if (this.#oldest((i) => this.#get(i, STATE) === QUEUED) === NOBODY) {
      this.#unlock();
      return;
    }
    this.#putAside();
    this.#queue(this.me);
    this.#pass();
    this.#unlock();
    this.#untilItRuns();
  }

  /** The address whose wake ends each away() that polls, until polled(). */
  pollAt(at) {
    this.#set(this.me, POLL_AT, at);
  }

  polled() {
    this.#set(this.me, POLL_AT, 0);
  }

  /** The guest's list. Gives false if it does not lie in the memory. */
  begin(at) {
    const memory = this.guest.shared(), list = at >>> 2, { words } = this;
    if (list + ADDRESSES > memory.length) return false;
    const count = memory[list + LENGTH] >>> 0;
    if (count > MOST_WORDS || list + ADDRESSES + count > memory.length) return false;
    for (let i = 0; i < count; i++) {
      const address = memory[list + ADDRESSES + i] >>> 0;
      if (address % 4 || address / 4 >= memory.length) return false;
      words[WORDS + i] = address;
    }
    words[COUNT] = count;
    words[LIST] = at;
    return true;
  }

  get begun() {
    return this.words[LIST] !== NOBODY;
  }

  /** A thread that has nothing to do; open(thread) makes one. NOBODY: there can be no more. */
  free(open) {
    const { words } = this;
    if (words[LIVE] >= words[MOST]) return NOBODY;
    for (let i = 1; i < words[MADE]; i++) {
      const state = Atomics.load(words, FIRST + EACH * i + STATE);
      if (state === IDLE || (state === FAILED && open(i))) return i;
    }
    if (words[MADE] > words[MOST]) return NOBODY;
    const next = words[MADE]++;
    return open(next) ? next : NOBODY;
  }

  start(thread, argument) {
    this.#lock();
    this.words.fill(0, FIRST + EACH * thread + OWN, FIRST + EACH * thread + OWN + MOST_WORDS);
    this.#set(thread, ARGUMENT, argument);
    this.words[LIVE]++;
    this.#queue(thread);
    this.#unlock();
  }

  // ---- For further threads ----

  /** From now on it can be started, or it cannot be used. */
  opened(fits) {
    Atomics.store(this.words, FIRST + EACH * this.me + STATE, fits ? IDLE : FAILED);
    this.ring(0);
  }

  /** Whether another thread can be started; undefined: that is not known yet. */
  isOpen(thread) {
    const state = Atomics.load(this.words, FIRST + EACH * thread + STATE);
    return state === NONE ? undefined : state !== FAILED;
  }

  /** It is made now, or made again. */
  opening(thread) {
    Atomics.store(this.words, FIRST + EACH * thread + STATE, NONE);
  }

  /** Waits for something to do: an argument. */
  next() {
    this.#untilItRuns();
    return this.#get(this.me, ARGUMENT);
  }

  done() {
    this.#lock();
    this.#putAside();
    this.#set(this.me, STATE, IDLE);
    this.#set(this.me, POLL_AT, 0);
    this.words[LIVE]--;
    this.#pass();
    this.#unlock();
  }

  // ---- The end ----

  /** Ends all. how: EXITED with a status, or TRAPPED with a text. */
  end(how, status, text = '') {
    const { words } = this;
    this.#lock();
    if (words[OVER] === RUNS_ON) {
      const bytes = new TextEncoder().encode(text).subarray(0, TEXT_SIZE);
      new Uint8Array(this.buffer, TEXT).set(bytes);
      words[SIZE] = bytes.length;
      words[STATUS] = status;
      Atomics.store(words, OVER, how);
    }
    this.#unlock();
    for (let i = 0; i < words[MADE]; i++) this.ring(i);
  }

  /** How it ended: { how, status, text }. */
  get ending() {
    const { words } = this;
    return { how: Atomics.load(words, OVER), status: words[STATUS],
      text: new TextDecoder().decode(new Uint8Array(this.buffer, TEXT, words[SIZE]).slice()) };
  }
}
