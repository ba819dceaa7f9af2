// Runs a module in Node's own WASI: DIRECTORIES [HOST GUEST]... VARIABLES [NAME=VALUE]... [OPTION]... MODULE [ARGUMENT...]. Options
// are those of wl-run for the network, and need Node.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { WASI } from 'node:wasi';

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
let channel, network, settings;
if (options.length) {
  network = await import('./net/wasi.mjs');
  try {
    settings = network.readOptions(options);
  } catch (error) {
    process.stderr.write(`node: ${error.message}\n`);
    process.exit(125);
  }
  if (settings.given) channel = network.channelDirectory(preopens);
}
const file = words[0];
const wasi = new WASI({ version: 'preview1', args: [basename(file), ...words.slice(1)], env, preopens, returnOnExit: true });
channel?.remove();
// Bun has no getImportObject, and lacks some calls; those answer ENOSYS.
const module = await WebAssembly.compile(await readFile(file));
const calls = wasi.wasiImport;
for (const { name } of WebAssembly.Module.imports(module)) calls[name] ??= () => 52;
const given = channel && network.giveNetwork(calls, channel.fd, settings);
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: calls });
given?.setMemory(instance.exports.memory);
try {
  process.exitCode = wasi.start(instance);
} catch (error) {
  process.stderr.write(`${file}: ${error.message}\n`);
  process.exitCode = 134;
}
given?.end();
