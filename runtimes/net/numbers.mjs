// The numbers of sockets. select() accepts the first ones; node's own files have lower numbers, and others have higher ones
// (guest/vfs.c).
export const FIRST = 256, LAST = 511, MORE = 1 << 20;

/** The number after that one. */
export const following = (fd) => (fd === LAST ? MORE : fd + 1);

/** Which numbers are given to sockets, for all threads of the guest. */
export class Numbers {
  /** For so many sockets at most. */
  static make(most) {
    // (A page that is not isolated has no shared memory, and no threads.)
    return new (globalThis.SharedArrayBuffer ?? ArrayBuffer)(LAST + 1 - FIRST + most);
  }

  constructor(buffer) {
    this.given = new Uint8Array(buffer);
  }

  #place(fd) {
    return fd <= LAST ? fd - FIRST : fd - MORE + LAST + 1 - FIRST;
  }

  has(fd) {
    return fd >= FIRST && (fd <= LAST || fd >= MORE) && this.given[this.#place(fd)] === 1;
  }

  set(fd, is) {
    this.given[this.#place(fd)] = Number(is);
  }
}
