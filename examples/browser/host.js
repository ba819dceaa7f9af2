// What the shim lacks, for a guest that may have threads or a network: the channel, and what it leads to.
import { Crew, clocks } from './threads.js';
import { Guest } from './wl/guest.js';
import { layer } from './wl/layers.js';
import { Alone } from './wl/threads/baton.js';

/** How the guest reaches its network. settings: of readSettings(); network: what that read. */
async function networkOf(settings, network, baton) {
  if (!globalThis.crossOriginIsolated) {
    const { Restless, lineAlone } = await import('./wl/net/page/alone.js');
    return { waiter: new Restless(), line: lineAlone(settings) };
  }
  const { lineOf, startSockets } = await import('./wl/net/page/line.js');
  const waiter = baton ?? new Alone(), sockets = startSockets(network, settings.limits, waiter);
  return { waiter, sockets, line: lineOf(sockets) };
}

export class Host {
  #network;
  #settings = null;
  #finish = () => {};
  #waiter;

  /** shared: of load(); network: what the page gives the guest (wl/net/page/settings.js), or nothing. */
  constructor(module, shared, network) {
    this.crew = shared ? new Crew(module, shared) : null;
    this.#network = network;
  }

  /** Throws what is wrong with the network. */
  async begin() {
    if (!this.#network) return;
    this.#settings = (await import('./wl/net/page/settings.js')).readSettings(this.#network, Boolean(globalThis.crossOriginIsolated));
  }

  /** Whether there is anything to ask for. */
  get given() {
    return Boolean(this.crew || this.#settings);
  }

  /** Changes the calls. fd: of the channel's directory. */
  async install(calls, fd) {
    const { crew } = this;
    this.guest = crew?.guest ?? new Guest();
    const { waiter, line, sockets } = this.#settings ? await networkOf(this.#settings, this.#network, crew?.baton) : { waiter: crew.baton };
    this.#waiter = waiter;
    const open = crew?.serve(calls, fd, sockets);
    this.#finish = await layer(calls, this.guest, { fd, waiter, line, open, clock: clocks(performance.timeOrigin) });
  }

  /** What else the module imports. */
  get imports() {
    return this.crew?.imports;
  }

  /** The instance is there. */
  made(instance) {
    if (this.guest) this.guest.memory ??= instance.exports.memory;
  }

  /** How another thread has ended the guest, or undefined (of Crew). */
  ending() {
    return this.crew?.ending();
  }

  /** The guest has ended: waits until what it has sent has left. */
  end() {
    this.#waiter?.finish();
    this.#finish();
  }
}
