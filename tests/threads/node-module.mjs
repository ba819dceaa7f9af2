// How runtimes/threads/module.mjs rewrites modules. Ends with an exception at the first unexpected result.
import assert from 'node:assert';
import { MEMORY_IMPORT, makeMemory, shareMemory } from '../../runtimes/threads/module.mjs';

const TYPE = 1, IMPORT = 2, FUNCTION = 3, TABLE = 4, MEMORY = 5, EXPORT = 7, START = 8, CODE = 10, DATA = 11, DATA_COUNT = 12, TAG = 13;
const name = (text) => [text.length, ...new TextEncoder().encode(text)];
const body = (...bytes) => [bytes.length + 2, 0, ...bytes, 0x0b];

/** A module of some sections; others, by their number, replace them. null: it has none. */
function make(others = {}) {
  const sections = {
    [TYPE]: [2, 0x60, 1, 0x7f, 0, 0x60, 0, 0],
    [IMPORT]: [1, ...name('wasi_snapshot_preview1'), ...name('sched_yield'), 0, 1],
    [FUNCTION]: [2, 0, 0],
    [TABLE]: [1, 0x70, 1, 2, 2],
    [MEMORY]: [1, 0, 1],
    [EXPORT]: [3, ...name('memory'), 2, 0, ...name('wl_thread'), 0, 1, ...name('init'), 0, 2],
    // wl_thread(n) adds 1 to the byte at n; init(n) copies the passive segment to n.
    [CODE]: [2, ...body(0x20, 0, 0x20, 0, 0x2d, 0, 0, 0x41, 1, 0x6a, 0x3a, 0, 0), ...body(0x20, 0, 0x41, 0, 0x41, 2, 0xfc, 8, 1, 0)],
    [DATA_COUNT]: [3],
    [DATA]: [3, 0, 0x41, 8, 0x0b, 3, 1, 2, 3, 1, 2, 7, 8, 2, 0, 0x41, 0x90, 0, 0x0b, 1, 9],
    ...others,
  };
  const order = [TYPE, IMPORT, FUNCTION, TABLE, MEMORY, TAG, EXPORT, START, DATA_COUNT, CODE, DATA].filter((id) => sections[id]);
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...order.flatMap((id) => [id, sections[id].length, ...sections[id]])]);
}

async function instances(bytes) {
  const shared = shareMemory(bytes), memory = makeMemory(shared), module = await WebAssembly.compile(shared.bytes);
  const imports = { [MEMORY_IMPORT.module]: { [MEMORY_IMPORT.name]: memory }, wasi_snapshot_preview1: { sched_yield() {} } };
  return [new Uint8Array(memory.buffer), ...[0, 1].map(() => new WebAssembly.Instance(module, imports).exports), memory];
}

new WebAssembly.Module(make());
for (const imports of [undefined, null]) {
  // (Without an import, functions have lower numbers.)
  const others = imports === null ? { [IMPORT]: null, [EXPORT]: [3, ...name('memory'), 2, 0, ...name('wl_thread'), 0, 0, ...name('init'), 0, 1] } : {};
  const [bytes, one, other, memory] = await instances(make(others));
  assert.deepEqual([...bytes.slice(8, 17)], [1, 2, 3, 0, 0, 0, 0, 0, 9]);
  assert.equal(one.memory, memory);
  one.wl_thread(9);
  other.wl_thread(9);
  assert.equal(bytes[9], 4);
  other.init(20);
  assert.deepEqual([...bytes.slice(19, 23)], [0, 7, 8, 0]);
  // What an instance has written stays when there is another.
  assert.equal(bytes[8], 1);
  memory.grow(1);
}

const limits = (...memory) => shareMemory(make({ [MEMORY]: memory })).memory;
assert.deepEqual(limits(1, 0, 1), { initial: 1, maximum: 65536, shared: true });
assert.deepEqual(limits(1, 1, 1, 5), { initial: 1, maximum: 5, shared: true });

for (const others of [
  { [MEMORY]: null },
  { [MEMORY]: [2, 0, 1, 0, 1] },
  { [MEMORY]: [1, 3, 1, 2] }, // shared already
  { [MEMORY]: [1, 4, 1] }, // of 64 bits
  { [EXPORT]: [1, ...name('memory'), 2, 0] },
  { [EXPORT]: [1, ...name('wl_thread'), 2, 0] }, // not a function
  { [START]: [2] },
  { [TAG]: [1, 0, 0] },
  { [TABLE]: [1, 0x70, 0, 2] },
  { [TABLE]: [1, 0x70, 1, 2, 3] },
  { [DATA]: [1, 0, 0x23, 0, 0x0b, 0] }, // at a global's address
]) assert.equal(shareMemory(make(others)), null, JSON.stringify(others));

// What is not a module, and segments beyond the memory.
for (let size = 9; size < make().length; size++) {
  try {
    shareMemory(make().subarray(0, size));
  } catch (error) {
    assert(error instanceof RangeError, error.stack);
  }
}
assert.throws(() => makeMemory(shareMemory(make({ [DATA]: [1, 0, 0x41, 0xff, 0xff, 3, 0x0b, 2, 1, 2], [DATA_COUNT]: [1] }))), RangeError);
assert.throws(() => makeMemory(shareMemory(make({ [DATA]: [1, 0, 0x41, 0x7f, 0x0b, 1, 1], [DATA_COUNT]: [1] }))), RangeError);
console.log('ok');
