// fresh-pyodide.mjs HOME N: makes N Pyodides in one process, runs `pass` in each, and prints the microseconds of each. HOME is the npm
// package. For Node and for Deno, in which mcp-run-python has its Pyodides.
import { pathToFileURL } from 'node:url';
import process from 'node:process';

const [home, n] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`));
for (let i = 0; i <= n; i++) {
  const begun = performance.now();
  // (Deno does not find the package's own files by itself.)
  const python = await loadPyodide({ indexURL: `${home}/` });

  python.runPython('pass');
  // The first one also waits for the compiler.
  if (i)
    console.log(((performance.now() - begun) * 1000).toFixed(1));
}
