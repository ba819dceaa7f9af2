// What a further thread does: an instance of its own, on the memory that all have, runs what the guest starts.
import { TRAPPED, Over } from './baton.mjs';
import { THREAD } from './module.mjs';
import { EXIT } from './requests.mjs';

/** Until the guest is over. instance(): makes it; stacked(function): with another stack, if that is needed. */
export async function runThreads(baton, instance, stacked = (f) => f) {
  let run;
  try {
    run = stacked(instance().exports[THREAD]);
  } catch {
    return baton.opened(false);
  }
  baton.opened(true);
  try {
    for (;;) {
      const argument = baton.next();
      try {
        await run(argument);
      } catch (error) {
        if (error !== EXIT) throw error;
      }
      baton.done();
    }
  } catch (error) {
    if (!(error instanceof Over)) baton.end(TRAPPED, 0, error.message);
  }
}
