// What makes connections in Node.
import dns from 'node:dns';
import net from 'node:net';
import { Failure, fail, mayConnect, numberOf, policy, refuse, remember } from '../common.mjs';
import { endText, parseAddress } from '../policy.mjs';
import { Datagrams } from './datagrams.mjs';

/** Whether the name may be looked up; says so, if not. */
function mayLookUp(name) {
  const may = policy.mayLookUp(name);
  if (!may) refuse('looking up', name, '--net');
  return may;
}

async function lookUp(name, family) {
  let answers;
  try {
    answers = await dns.promises.lookup(name, { all: true, family, verbatim: true });
  } catch (error) {
    return { error: { EAI_AGAIN: 'again', EAI_FAIL: 'fail', EAI_MEMORY: 'memory' }[error.code] ?? 'noname' };
  }
  const bytes = answers.map((answer) => parseAddress(answer.address.split('%')[0]));
  const addresses = bytes.filter((address) => policy.mayAnswer(name, address));
  for (const address of addresses) remember(address, name);
  if (addresses.length) return { addresses };
  refuse('an answer for a name that points to this machine or its network,', endText(bytes[0], 0).replace(/:0$/, ''), '--net');
  return { error: 'fail' };
}

/** How a socket gets there, for connect(). to: of target(). */
function way(to, port) {
  if (!mayConnect(to.bytes, port)) {
    refuse('connecting to', endText(to.bytes, port), '--net');
    fail('EACCES');
  }
  return { host: to.text, port };
}

/** own: { address, port } of a socket that is bound. */
function connect({ host, port }, family, own) {
  return net.connect({ host, port, family, allowHalfOpen: true, localAddress: own?.address, localPort: own?.port });
}

/** Makes a server that listens; take(SOCKET) gets each connection. */
function serve({ address: host, port }, ipv6Only, take) {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    take(socket);
  });
  return new Promise((resolve, reject) => {
    // (Once it listens, an error is that of a connection which could not be accepted.)
    server.on('error', (error) => reject(new Failure(numberOf(error))));
    server.listen({ host, port, backlog: 511, exclusive: true, ipv6Only }, () => resolve(server));
  });
}

/** What to do about something that is refused. */
const advice = (option, of) => `${option}=${of} would allow it`;

export const machine = { advice, mayLookUp, lookUp, way, connect, serve, datagrams: (family) => new Datagrams(family) };
