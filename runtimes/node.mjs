// Runs a module in Node's own WASI: DIRECTORIES [HOST GUEST]... VARIABLES [NAME=VALUE]... MODULE [ARGUMENT...]
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
const file = words[0];
const wasi = new WASI({ version: 'preview1', args: [basename(file), ...words.slice(1)], env, preopens });
// Bun has no getImportObject, and lacks some calls; those answer ENOSYS.
const module = await WebAssembly.compile(await readFile(file));
const calls = wasi.wasiImport;
for (const { name } of WebAssembly.Module.imports(module)) calls[name] ??= () => 52;
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: calls });
try {
  process.exitCode = wasi.start(instance);
} catch (error) {
  process.stderr.write(`${file}: ${error.message}\n`);
  process.exitCode = 134;
}
