// What Node's WASI lacks, for a guest that may have a network or threads: the channel, and what it leads to.
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHANNEL } from './channel.mjs';
import { clock } from './clock.mjs';
import { layer } from './layers.mjs';
import { Alone } from './threads/baton.mjs';

/** A directory that node gives the guest as the channel: it only keeps the number. preopens: those of the guest so far. */
function channelDirectory(preopens) {
  const directory = mkdtempSync(join(tmpdir(), 'wl-channel-'));
  preopens[CHANNEL] = directory;
  // Once it is open it can go, so that nothing can ever be made in it.
  return { fd: 2 + Object.keys(preopens).length, remove: () => rmdirSync(directory) };
}

/** settings: of readOptions(); bytes: the module. Adds the channel's directory to the guest's, if it has anything to ask for; otherwise
 * returns undefined. */
export async function prepare(settings, bytes, preopens) {
  const crew = settings.threads > 0 ? (await import('./threads/node.mjs')).prepareThreads(bytes, settings.threads) : null;
  if (!crew && !settings.given) return undefined;
  const directory = channelDirectory(preopens);
  let finish = () => {}, waiter;
  return {
    /** The module to be compiled. */
    bytes: crew?.bytes ?? bytes,
    /** Node has opened the directories. */
    opened: directory.remove,
    /** Changes the calls, and returns what else the module imports. */
    async install(module, calls, guest) {
      const { fd } = directory;
      waiter = crew?.begin(guest) ?? new Alone();
      const net = settings.given ? await import('./net/node/line.mjs') : null, sockets = net?.startSockets(settings, waiter);
      const open = crew?.serve(module, calls, fd, sockets);
      finish = await layer(calls, guest, { fd, waiter, line: net?.lineOf(sockets), open, clock });
      return crew?.imports;
    },
    /** How another thread has ended the guest, if it has: a status, and a text if it is a trap. */
    ending: () => crew?.ending(),
    end() {
      waiter.finish();
      finish();
    },
  };
}
