// The page: an editor whose program runs in its own worker, and a prompt in another worker. The page compiles the module
// once; a worker only makes an instance of it.
import { load, startNetwork, startThread } from './load.js';
import { network } from './network.js';

const $ = (id) => document.getElementById(id);

const program = $('program'), run = $('run'), stop = $('stop'), state = $('state'), line = $('line');
program.value = `import sys, platform, datetime

print("Python", platform.python_version(), "on", sys.platform)
print("It is", datetime.datetime.now(datetime.timezone.utc).isoformat(" ", "seconds"))

name = input("Your name? ")
print(f"Hello, {name}!")

with open("/notes.txt", "a") as f:      # kept until the page is closed
    print(name, file=f)
print(open("/notes.txt").read(), end="")
`;

// A worker waits for a line in shared memory: the number of bytes (-1: none yet, 0: the end), and the bytes.
const ROOM = 65536;

// One running Python. Its output goes to `output`; `wants` is called when it waits for a line, `done` when it has ended.
class Session {
  constructor({ module, shared }, args, files, output, wants, done) {
    // Without the headers that serve.py sends there is no shared memory, so a worker cannot wait: its input is empty.
    this.memory = globalThis.crossOriginIsolated ? new SharedArrayBuffer(4 + ROOM) : null;
    this.worker = new Worker('worker.js', { type: 'module' });
    this.threads = [];
    this.decoders = [null, new TextDecoder(), new TextDecoder()];
    this.worker.onmessage = ({ data }) => {
      if (data.bytes) this.write(output, this.decoders[data.stream].decode(data.bytes, { stream: true }), data.stream === 2);
      else if (data.wants) wants(this);
      else if (data.thread) this.threads.push(startThread(data.thread));
      else if (data.network) this.threads.push(startNetwork(data.network, console.warn, this.worker.onerror));
      else if (data.log) console.warn(data.log);
      else this.end(output, done, data);
    };
    this.worker.onerror = (event) => this.end(output, done, { error: event.message || 'the worker could not be started' });
    this.worker.postMessage({ module, shared, args, files, memory: this.memory, network });
  }

  write(output, text, isError) {
    const last = output.lastChild;
    if (last && last.classList.contains('err') === isError) {
      last.textContent += text;
    } else {
      const part = document.createElement('span');
      part.classList.toggle('err', isError);
      part.textContent = text;
      output.append(part);
    }
    output.scrollTop = output.scrollHeight;
  }

  // Gives a line to the worker that waits for it; null is the end of the input.
  answer(text) {
    const bytes = text === null ? new Uint8Array() : new TextEncoder().encode(text + '\n').subarray(0, ROOM);
    new Uint8Array(this.memory, 4).set(bytes);
    const count = new Int32Array(this.memory, 0, 1);
    Atomics.store(count, 0, bytes.length);
    Atomics.notify(count, 0);
  }

  stop() {
    for (const worker of [this.worker, ...this.threads]) worker.terminate();
  }

  end(output, done, { status, error, files }) {
    this.stop();
    if (error) this.write(output, `${error}\n`, true);
    done(status, files);
  }
}

let python, files = {}, current = null, asking = null;

function ready(text) {
  current = null;
  run.disabled = false;
  stop.disabled = true;
  state.textContent = text;
}

function start() {
  if (run.disabled) return;
  const output = $('output');
  output.textContent = '';
  run.disabled = true;
  stop.disabled = false;
  state.textContent = 'running';
  const begun = performance.now();
  current = new Session(python, ['python', '/main.py'], { ...files, 'main.py': program.value }, output,
    (session) => {
      const text = prompt('The program waits for a line.');
      if (text !== null) session.write(output, `${text}\n`, false);
      session.answer(text);
    },
    (status, left) => {
      if (left) files = left;
      ready(status === undefined ? 'ended by an error' : `ended with status ${status} after ${Math.round(performance.now() - begun)} ms`);
    });
}

function begin() {
  const output = $('session');
  if (!globalThis.crossOriginIsolated) {
    output.textContent = 'The prompt needs a server that sends the headers Cross-Origin-Opener-Policy and Cross-Origin-Embedder-Policy, as serve.py does.';
    return;
  }
  new Session(python, ['python', '-i', '-q'], {}, output,
    (session) => {
      asking = session;
      line.disabled = false;
    },
    () => {
      asking = null;
      line.disabled = true;
      output.append('The prompt has ended; it starts again.\n');
      begin();
    });
}

run.onclick = start;
stop.onclick = () => {
  current.stop();
  ready('stopped');
};
program.onkeydown = (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) start();
};
line.onkeydown = (event) => {
  if (event.key !== 'Enter' || !asking) return;
  const session = asking;
  asking = null;
  line.disabled = true;
  session.write($('session'), `${line.value}\n`, false);
  session.answer(line.value);
  line.value = '';
};

try {
  python = await load('python-snapshot.wasm');
  ready('ready');
  begin();
} catch (error) {
  state.textContent = `python-snapshot.wasm could not be loaded: ${error.message}`;
}
