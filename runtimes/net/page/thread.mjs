// The worker of the sockets in a page that is isolated.
import { beginSockets, serve } from '../sockets.mjs';
import { byFetch } from './exchange.mjs';
import { putAnswer } from './line.mjs';
import { makeMachine } from './machine.mjs';
import { readSettings } from './settings.mjs';

// Without this thread, those of the guest would never stop waiting: the page hears of errors, and ends them.
onunhandledrejection = ({ reason }) => setTimeout(() => {
  throw reason;
});

onmessage = ({ data }) => {
  const bells = new Int32Array(data.bells);

  /** The requests of a thread of the guest come by the port, and the bell wakes it after each answer. */
  function join(port, bell, answers) {
    const take = serve((answer) => {
      putAnswer(answers, answer);
      Atomics.add(bells, bell, 1);
      Atomics.notify(bells, bell);
    });
    port.onmessage = ({ data: message }) => (message[0] === 'join' ? join(message[3], message[1], message[2]) : take(message));
  }

  const settings = readSettings(data.network, true);
  beginSockets({ rules: [], listenRules: [], limits: settings.limits, self: 'page' },
    makeMachine(settings, (allows, redirects) => byFetch(redirects, allows)), (line) => postMessage({ log: line }));
  join(data.port, data.bell, data.answers);
};
