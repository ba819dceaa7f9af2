// The requests of the set `thread` (docs/channel.md).
import { ERRNO } from '../guest.mjs';
import { NOBODY } from './baton.mjs';

/** Thrown in a thread that ends. */
export const EXIT = new Error('thread.exit');

const MOST_ADDRESS = 2 ** 32 - 1, MOST_TIME = 2 ** 63;

function number(text, most) {
  if (!/^[0-9]{1,19}$/.test(text) || Number(text) > most) throw ERRNO.EINVAL;
  return Number(text);
}

/** open(thread): makes a further thread, and tells whether it can be used. */
export function serveThreads(channel, baton, open) {
  const requests = {
    begin(list) {
      const at = number(list, MOST_ADDRESS);
      if (at % 4 || baton.hasOthers()) throw ERRNO.EINVAL;
      if (!baton.begin(at)) throw ERRNO.EFAULT;
    },
    spawn(argument) {
      const value = number(argument, MOST_ADDRESS);
      if (!baton.begun) throw ERRNO.EINVAL;
      const thread = baton.free(open);
      if (thread === NOBODY) throw ERRNO.EAGAIN;
      baton.start(thread, value);
    },
    park(address, time) {
      const at = number(address, MOST_ADDRESS), ms = time === 'forever' ? Infinity : number(time, MOST_TIME) / 1e6;
      if (!baton.hasOthers()) throw ERRNO.EDEADLK;
      if (!baton.park(at, ms)) throw ERRNO.ETIMEDOUT;
    },
    wake: (address, count) => baton.wake(number(address, MOST_ADDRESS), number(count, MOST_ADDRESS)),
    poll: (address) => baton.pollAt(number(address, MOST_ADDRESS)),
    yield: () => baton.giveWay(),
    exit() {
      if (baton.me === 0) throw ERRNO.EINVAL;
      throw EXIT;
    },
  };
  channel.serve('thread', 1, (text) => {
    const [name, ...words] = text.split(' ');
    const request = requests[name.slice('thread.'.length)];
    if (!request) throw ERRNO.ENOSYS;
    if (words.length !== request.length) throw ERRNO.EINVAL;
    request(...words);
  });
}
