// The channel (docs/channel.md) in a runtime of JavaScript: requests of the guest, as links that it reads in a directory.
import { ERRNO, guarded } from './guest.mjs';

/** The directory's name in the guest. */
export const CHANNEL = 'wl:host';
const MOST_REQUEST = 1024;

/** Where each call has the descriptors of directories. */
const DIRECTORIES = {
  fd_readdir: [0], path_create_directory: [0], path_filestat_get: [0], path_filestat_set_times: [0], path_link: [0, 4], path_open: [0],
  path_readlink: [0], path_remove_directory: [0], path_rename: [0, 3], path_symlink: [2], path_unlink_file: [0], fd_close: [0],
  fd_renumber: [0, 1], fd_filestat_get: [0], fd_filestat_set_times: [0],
};

export class Channel {
  #sets = [];

  constructor(guest) {
    this.guest = guest;
  }

  /** Serves a set of requests: those whose name begins with it and a dot. ask(TEXT, WORDS) answers, or throws WASI's number. */
  serve(set, version, ask) {
    this.#sets.push({ prefix: `${set}.`, title: `${set} ${version}`, ask });
  }

  /** Puts the directory, of that number, before the other calls. */
  install(calls, fd) {
    for (const [name, places] of Object.entries(DIRECTORIES)) {
      const inner = calls[name];
      if (!inner) continue;
      calls[name] = (...words) => {
        if (!places.some((place) => words[place] === fd)) return inner(...words);
        return name === 'path_readlink' ? guarded(() => this.#answer(...words.slice(1))) : ERRNO.ENOTCAPABLE;
      };
    }
  }

  #answer(path, size, at, room, result) {
    if (size >= MOST_REQUEST) throw ERRNO.ENAMETOOLONG;
    const text = new TextEncoder().encode(String(this.#ask(this.guest.text(path, size)) ?? ''));
    if (text.length > room) throw ERRNO.EOVERFLOW;
    this.guest.bytes(at, room).set(text);
    this.guest.view().setUint32(result, text.length, true);
  }

  #ask(text) {
    if (text === 'version') return ['wl 1', ...this.#sets.map((set) => set.title)].join(' ');
    const set = this.#sets.find(({ prefix }) => text.startsWith(prefix));
    if (set) return set.ask(text);
    // (Of other requests the form is checked nevertheless.)
    throw /^[!-~]+( [!-~]+)*$/.test(text) && !text.startsWith('version ') ? ERRNO.ENOSYS : ERRNO.EINVAL;
  }
}
