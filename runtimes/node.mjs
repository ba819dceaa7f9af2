// Runs a module in Node's own WASI: DIRECTORIES [HOST GUEST]... VARIABLES [NAME=VALUE]... [OPTION]... MODULE [ARGUMENT...]. Options
// are those of wl-run for the network and for threads, and need Node.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { WASI } from 'node:wasi';
import { ERRNO, Guest } from './guest.mjs';

const words = process.argv.slice(2);
const preopens = {}, env = {};
for (let n = Number(words.shift()); n > 0; n--) {
  const host = words.shift();
  preopens[words.shift()] = host;
}
for (let n = Number(words.shift()); n > 0; n--) {
  const [name, ...value] = words.shift().split('=');
  env[name] = value.join('=');
}
const options = [];
while (words[0]?.startsWith('--')) options.push(words.shift());
const file = words[0];
let bytes, host;
try {
  const settings = options.length && (await import('./options.mjs')).readOptions(options);
  bytes = await readFile(file);
  if (settings) host = await (await import('./host.mjs')).prepare(settings, bytes, preopens);
} catch (error) {
  process.stderr.write(`node: ${error.message}\n`);
  process.exit(125);
}
const wasi = new WASI({ version: 'preview1', args: [basename(file), ...words.slice(1)], env, preopens, returnOnExit: true });
host?.opened();
// Bun has no getImportObject, and lacks some calls; those answer ENOSYS.
const module = await WebAssembly.compile(host?.bytes ?? bytes);
const calls = wasi.wasiImport, guest = new Guest();
for (const { name, kind } of WebAssembly.Module.imports(module)) if (kind === 'function') calls[name] ??= () => ERRNO.ENOSYS;
const imports = await host?.install(module, calls, guest);
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: calls, ...imports });
guest.memory = instance.exports.memory;
try {
  process.exitCode = wasi.start(instance);
} catch (error) {
  const ending = host?.ending(error);
  if (ending?.text !== undefined || !ending) process.stderr.write(`${file}: ${ending?.text ?? error.message}\n`);
  process.exitCode = ending?.status ?? 134;
}
host?.end();
