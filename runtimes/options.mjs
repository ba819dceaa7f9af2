// The command line.
import { appendFileSync } from 'node:fs';
import { Policy } from './net/policy.mjs';
import { MOST_THREADS } from './threads/baton.mjs';

const UNITS = { '': 1, K: 1 << 10, M: 1 << 20, G: 1 << 30 };

/** The options of wl-run, for the network and for threads, as words of the form --NAME or --NAME=VALUE. `given`: whether they give a
 * network. Throws what is wrong, and what to do about it. */
export function readOptions(words) {
  const policy = new Policy();
  const options = { self: 'node', given: false, threads: 0, rules: [], listenRules: [], log: null,
    limits: { sockets: 1024, listening: 64, lookups: Infinity, received: Infinity, sent: Infinity } };
  const rule = (list, add) => (value, word) => {
    try {
      policy[add](value);
    } catch (error) {
      throw new Error(`cannot use ${word}: ${error.message}`);
    }
    options[list].push(value);
    options.given = true;
  };
  const size = (limit) => (value, word) => {
    const match = /^([0-9]{1,15})([KMG]?)$/.exec(value);
    if (!match || Number(match[1]) === 0) throw new Error(`cannot use ${word}: write a size of 1 or more bytes, as in 500M`);
    options.limits[limit] = Number(match[1]) * UNITS[match[2]];
  };
  const count = (limit, most) => (value, word) => {
    if (!/^[1-9][0-9]{0,9}$/.test(value) || value > most) throw new Error(`cannot use ${word}: write a number from 1 to ${most}`);
    options.limits[limit] = Number(value);
  };
  const kinds = {
    'net-listen': rule('listenRules', 'allowListening'),
    'max-received': size('received'),
    'max-sent': size('sent'),
    'max-sockets': count('sockets', 65000),
    'max-listening': count('listening', 65000),
    'max-lookups': count('lookups', 2147483647),
    'max-threads'(value, word) {
      if (!/^[0-9]{1,3}$/.test(value) || value > MOST_THREADS) {
        throw new Error(`cannot use ${word}: write a number from 0 to ${MOST_THREADS}`);
      }
      options.threads = Number(value);
    },
    'net-log'(value) {
      try {
        if (value !== '-') appendFileSync(value, '');
      } catch (error) {
        throw new Error(`cannot write to ${value} (${error.code}): --net-log takes a file that you may write, or - for standard error`);
      }
      options.log = value;
    },
  };
  for (const word of words) {
    const [, name, value] = /^--([^=]*)(?:=(.*))?$/s.exec(word);
    if (name === 'net') rule('rules', 'allow')(value ?? '*', word);
    else if (!kinds[name]) throw new Error(`unknown option ${word}`);
    else if (value === undefined) throw new Error(`${word} needs a value: write ${word}=VALUE`);
    else kinds[name](value, word);
  }
  return options;
}
