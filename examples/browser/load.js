// What a page needs besides the worker: the module, and workers for the guest's threads and its sockets.
import { shareMemory } from './wl/threads/module.js';

/** Compiles the module at an address. threads: how many the guest may start. Returns { module, shared }: what the worker needs for them,
 * or null: a page has none if it shares no memory with workers, because its server does not send the two headers. */
export async function load(address, threads = 64) {
  if (!globalThis.crossOriginIsolated || !threads) return { module: await WebAssembly.compileStreaming(fetch(address)), shared: null };
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const bytes = new Uint8Array(await response.arrayBuffer()), rewritten = shareMemory(bytes);
  if (!rewritten) return { module: await WebAssembly.compile(bytes), shared: null };
  // Each start reads the memory's content again, which therefore is not copied to the worker.
  const content = new Uint8Array(new SharedArrayBuffer(rewritten.content.length));
  content.set(rewritten.content);
  const { memory, segments } = rewritten;
  return { module: await WebAssembly.compile(rewritten.bytes), shared: { memory, segments, content, threads } };
}

/** Starts a worker for a thread, as a message of the first worker asks. (A worker that waits cannot start another one.) */
export function startThread(message) {
  const worker = new Worker(new URL('./thread.js', import.meta.url), { type: 'module' });
  worker.postMessage(message, message.line ? [message.line.port] : []);
  return worker;
}

/** Starts the worker of the guest's sockets, as a message of the first worker asks. log(LINE): says what was refused; failed(EVENT): it can
 * do nothing more, so the guest would never stop waiting. */
export function startNetwork(message, log, failed) {
  const worker = new Worker(new URL('./wl/net/page/thread.js', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => log(data.log);
  worker.onerror = failed;
  worker.postMessage(message, [message.port]);
  return worker;
}
