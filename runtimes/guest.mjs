// The guest's memory, for what answers its calls.

export const ERRNO = { SUCCESS: 0, EAGAIN: 6, EDEADLK: 16, EFAULT: 21, EINTR: 27, EINVAL: 28, EMFILE: 33, ENAMETOOLONG: 37, ENOSYS: 52,
  ENOTSUP: 58, EOVERFLOW: 61, ESPIPE: 70, ETIMEDOUT: 73, ENOTCAPABLE: 76 };

export class Guest {
  memory = null;
  #words = new Int32Array(0);

  /** Numbers in it. Neither this nor bytes() may be kept over a call that waits, because the memory grows. */
  view() {
    return new DataView(this.memory.buffer);
  }

  bytes(at, size) {
    return new Uint8Array(this.memory.buffer, at, size);
  }

  text(at, size) {
    let text = '';
    for (const byte of this.bytes(at, size)) text += String.fromCharCode(byte);
    return text;
  }

  /** The whole memory in words of 32 bits. */
  shared() {
    if (this.#words.buffer !== this.memory.buffer) this.#words = new Int32Array(this.memory.buffer);
    return this.#words;
  }

  get pages() {
    return this.memory.buffer.byteLength / 65536;
  }

  /** The buffers of a call, as parts of the memory. */
  buffers(at, n) {
    const view = this.view(), parts = [];
    for (let i = 0; i < n; i++) parts.push(this.bytes(view.getUint32(at + 8 * i, true), view.getUint32(at + 8 * i + 4, true)));
    return parts;
  }
}

/** Makes a call that throws WASI's numbers, and returns the number. */
export function guarded(call) {
  try {
    call();
    return ERRNO.SUCCESS;
  } catch (error) {
    if (typeof error === 'number') return error;
    if (error instanceof RangeError) return ERRNO.EFAULT;
    throw error;
  }
}
