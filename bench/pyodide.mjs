// Runs code in Pyodide: HOME CODE [DIR]. HOME is the npm package; the code sees the directory DIR under its own name.
import { pathToFileURL } from 'node:url';

const [home, code, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${home}/pyodide.mjs`));
const python = await loadPyodide();
if (folder) {
  python.FS.mkdirTree(folder);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, folder);
}
python.runPython(code);
