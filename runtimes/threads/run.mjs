// What a further thread does: an instance of its own, on the memory that all have, runs what the guest starts.
import { TRAPPED, Over } from './baton.mjs';
import { THREAD } from './module.mjs';
import { EXIT } from './requests.mjs';

/** Until the guest is over. The instance is a function, which makes it. */
export function runThreads(baton, instance) {
  let run;
  try {
    run = instance().exports[THREAD];
  } catch {
    return baton.opened(false);
  }
  baton.opened(true);
  try {
    for (;;) {
      const argument = baton.next();
      try {
        run(argument);
      } catch (error) {
        if (error !== EXIT) throw error;
      }
      baton.done();
    }
  } catch (error) {
    if (!(error instanceof Over)) baton.end(TRAPPED, 0, error.message);
  }
}
