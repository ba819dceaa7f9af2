// Rewrites a module so that several instances can share one memory: the memory becomes an imported, shared one, and the host writes
// its content at the start, once. Nothing else changes, so the numbers of functions, segments and so on stay as they are.

import { joined } from '../bytes.mjs';

const IMPORT = 2, TABLE = 4, MEMORY = 5, EXPORT = 7, START = 8, DATA = 11, TAG = 13;
const MOST_PAGES = 65536;
const I32_CONST = 0x41, END = 0x0b;
const PASSIVE = 1, FUNCTION = 0;

/** What a module that starts threads exports. */
export const THREAD = 'wl_thread';

/** What the memory is called among the imports. */
export const MEMORY_IMPORT = { module: 'wl', name: 'memory' };

class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  byte() {
    if (this.at >= this.bytes.length) throw new RangeError('the module ends early');
    return this.bytes[this.at++];
  }

  /** LEB128, unsigned. */
  number() {
    let value = 0, scale = 1;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
    throw new RangeError('a number of the module is too long');
  }

  /** LEB128, signed, of 32 bits; as an unsigned number. */
  address() {
    let value = 0, shift = 0;
    for (let i = 0; i < 5; i++) {
      const byte = this.byte();
      value |= (byte & 127) << shift;
      shift += 7;
      if (byte < 128) return (shift < 32 && byte & 64 ? value | (-1 << shift) : value) >>> 0;
    }
    throw new RangeError('a number of the module is too long');
  }

  skip(size) {
    if (size > this.bytes.length - this.at) throw new RangeError('the module ends early');
    this.at += size;
  }

  take(size) {
    this.skip(size);
    return this.bytes.subarray(this.at - size, this.at);
  }
}

function number(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

const text = (string) => [...number(string.length), ...new TextEncoder().encode(string)];

function sections(bytes) {
  const list = [], r = new Reader(bytes, 8);
  while (r.at < bytes.length) {
    const id = r.byte();
    list.push({ id, content: r.take(r.number()) });
  }
  return list;
}

/** Each instance has its own tables, so those must not change their size. */
function tablesAreFixed(content) {
  const r = new Reader(content);
  for (let n = r.number(); n > 0; n--) {
    r.byte();
    const flags = r.number(), least = r.number();
    if (!(flags & 1) || r.number() !== least) return false;
  }
  return true;
}

function hasThreads(exports) {
  const r = new Reader(exports);
  for (let n = r.number(); n > 0; n--) {
    const name = new TextDecoder().decode(r.take(r.number()));
    const kind = r.byte();
    r.number();
    if (name === THREAD && kind === FUNCTION) return true;
  }
  return false;
}

/** The limits of the one memory that it has, in pages. null: another kind of memory. */
function memoryLimits(content) {
  const r = new Reader(content);
  if (r.number() !== 1) return null;
  const flags = r.number();
  if (flags > 1) return null;
  const initial = r.number();
  return { initial, maximum: flags ? r.number() : MOST_PAGES };
}

function withMemory(imports, { initial, maximum }) {
  const r = new Reader(imports), n = r.number();
  return joined([number(n + 1), imports.subarray(r.at), text(MEMORY_IMPORT.module), text(MEMORY_IMPORT.name), [2, 3], number(initial),
    number(maximum)]);
}

/** Takes the active segments out: a segment that was written is as good as an empty one (memory.init finds nothing in either). Puts
 * address, start and size of each into the list. A Python has some ten thousand. */
function takeSegments(content, into) {
  const r = new Reader(content), n = r.number(), kept = new Uint8Array(content.length);
  let end = r.at;
  kept.set(content.subarray(0, end));
  for (let i = 0; i < n; i++) {
    const start = r.at, kind = r.number();
    if (kind === PASSIVE) {
      r.skip(r.number());
      kept.set(content.subarray(start, r.at), end);
      end += r.at - start;
      continue;
    }
    if (kind === 2 && r.number() !== 0) return null;
    if (r.byte() !== I32_CONST) return null;
    const at = r.address();
    if (r.byte() !== END) return null;
    const size = r.number();
    into.push(at, r.at, size);
    r.skip(size);
    kept[end] = PASSIVE;
    kept[end + 1] = 0;
    end += 2;
  }
  return kept.subarray(0, end);
}

/** bytes: a module. Returns { bytes, and what makeMemory() needs }, or null if it starts no threads, or instances of it cannot share a
 * memory: it imports one, has a function that each instance would run at its start, tables that can grow, or exceptions. Throws a
 * RangeError if it is no module. */
export function shareMemory(bytes) {
  const list = sections(bytes), find = (id) => list.find((section) => section.id === id)?.content;
  const memory = find(MEMORY) && memoryLimits(find(MEMORY)), segments = [];
  if (!find(EXPORT) || !hasThreads(find(EXPORT))) return null;
  if (!memory || find(START) || find(TAG) || (find(TABLE) && !tablesAreFixed(find(TABLE)))) return null;
  const data = find(DATA) && takeSegments(find(DATA), segments);
  if (data === null) return null;
  const parts = [bytes.subarray(0, 8)];
  let imported = false;
  const add = (id, content) => parts.push([id, ...number(content.length)], content);
  for (const { id, content } of list) {
    // (Imports come after the types, and before all others.)
    if (!imported && id > IMPORT) {
      add(IMPORT, withMemory(new Uint8Array([0]), memory));
      imported = true;
    }
    if (id === IMPORT) {
      add(IMPORT, withMemory(content, memory));
      imported = true;
    } else if (id === DATA) add(DATA, data);
    else if (id !== MEMORY) add(id, content);
  }
  return { bytes: joined(parts), memory: { ...memory, shared: true }, segments, content: find(DATA) };
}

/** Makes the memory of a module that shareMemory() gave, as it is at the start. */
export function makeMemory({ memory, segments, content }) {
  const made = new WebAssembly.Memory(memory), to = new Uint8Array(made.buffer);
  for (let i = 0; i < segments.length; i += 3) {
    const at = segments[i], start = segments[i + 1], size = segments[i + 2];
    if (at + size > to.length) throw new RangeError('a segment of the module is outside of its memory');
    // (Most are short, and an array for each would take longer than its bytes.)
    if (size > 64) to.set(content.subarray(start, start + size), at);
    else for (let j = 0; j < size; j++) to[at + j] = content[start + j];
  }
  return made;
}
