// Sockets in the guest's own thread, for a page that is not isolated: it has no other threads, and no way to wait for them. So only what is there
// at once can be had: doors, whose requests are done by a call that returns with the answer, and pairs of sockets.
import { E, Failure, now } from '../common.mjs';
import { Numbers } from '../numbers.mjs';
import { beginSockets, calls, failure, ready } from '../sockets.mjs';
import { atOnce } from './exchange.mjs';
import { makeMachine } from './machine.mjs';

/** Waits as such a thread can: by looking again and again. (baton.mjs has the others.) */
export class Restless {
  woken = false;

  until(check, ms = Infinity) {
    for (const end = performance.now() + ms; ;) {
      const value = check();
      if (value !== undefined || performance.now() >= end) return value;
    }
  }

  away(check, ms) {
    return this.until(check, ms);
  }

  polled() {}

  hasOthers() {
    return false;
  }

  finish() {}
}

function poll(wanted, ms) {
  const end = performance.now() + (ms ?? 0);
  for (;;) {
    const events = ready(wanted);
    if (events.length || ms === 0) return events;
    // Nothing changes while it waits, except for the time.
    if (ms === null) throw new Failure(E.EDEADLK);
    if (performance.now() >= end) return events;
  }
}

/** The line, for giveNetwork(). settings: of readSettings(). */
export function lineAlone(settings) {
  let answer;
  beginSockets({ rules: [], listenRules: [], limits: settings.limits, self: 'page' }, makeMachine(settings, atOnce),
    (line) => postMessage({ log: line }));
  return {
    numbers: Numbers.make(settings.limits.sockets),
    most: Infinity,
    send([name, ...words]) {
      if (name === 'stop') return;
      // What was sent has left when its answer was there.
      if (name === 'end') answer = { value: 'ended' };
      else {
        try {
          answer = { value: (name === 'poll' ? poll(...words) : now(calls[name](...words))) ?? null };
        } catch (error) {
          answer = failure(error);
        }
      }
    },
    received() {
      const given = answer;
      answer = undefined;
      return given;
    },
  };
}
