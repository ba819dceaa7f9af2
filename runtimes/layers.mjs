// What a guest's thread has before the calls of WASI: sockets, waiting, other threads, and the channel that leads to them.
import { Channel } from './channel.mjs';
import { givePoll } from './poll.mjs';

/** Puts them before `calls`. fd: the number of the channel's directory; waiter: how the thread waits; line: how it asks for sockets (net/wasi.mjs),
 * if there is a network; open: makes a further thread, if there may be some; clock(number): what WASI's clock says, in ns. Loads only what it
 * needs. Returns end(), which waits until all that was sent has left. */
export async function layer(calls, guest, { fd, waiter, line, open, clock }) {
  const channel = new Channel(guest);
  if (open) {
    (await import('./threads/streams.mjs')).waitForReading(calls, waiter);
    (await import('./threads/requests.mjs')).serveThreads(channel, waiter, open);
  }
  const sockets = line && (await import('./net/wasi.mjs')).giveNetwork(calls, guest, channel, waiter, line);
  givePoll(calls, guest, waiter, clock, sockets);
  channel.install(calls, fd);
  return () => sockets?.end();
}
