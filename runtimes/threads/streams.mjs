// Reading from what may have nothing yet, as standard input: other threads run meanwhile. The runtime's own call would wait in the
// first thread, which makes the calls of all.
import { SLICE, askFiles, readSubscription } from '../poll.mjs';

/** Instead of an error number: nothing is there yet. */
export const NOTHING = -1;
const DIRECTORY = 3, REGULAR_FILE = 4, NONBLOCK = 4;
// The call gets its answers in the guest's buffer, which is there for what is read.
const ROOM = 192, OUT = 96, RESULT = 160;

/** Of the first thread's calls, on which those of all threads are made. */
export function lookBeforeReading(calls, guest, baton) {
  const { fd_read: read, fd_fdstat_get: state, poll_oneoff: poll } = calls;

  function isEmpty(fd, vectors, n) {
    const buffer = n > 0 && guest.buffers(vectors, 1)[0];
    if (!buffer || buffer.length < ROOM) return false;
    const at = Math.ceil(buffer.byteOffset / 8) * 8, view = guest.view();
    if (state(fd, at) !== 0 || [DIRECTORY, REGULAR_FILE].includes(view.getUint8(at)) || view.getUint16(at + 2, true) & NONBLOCK) return false;
    return askFiles(guest, poll, [readSubscription(fd)], at, at + OUT, at + RESULT).length === 0;
  }

  calls.fd_read = (fd, vectors, n, result) => (baton.hasOthers() && isEmpty(fd, vectors, n) ? NOTHING : read(fd, vectors, n, result));
}

/** Of each thread's calls. */
export function waitForReading(calls, baton) {
  const read = calls.fd_read;
  calls.fd_read = (...words) => {
    for (;;) {
      const error = read(...words);
      if (error !== NOTHING) return error;
      baton.away(() => undefined, SLICE);
    }
  };
}
