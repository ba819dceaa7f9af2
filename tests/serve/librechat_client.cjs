// librechat_client.cjs BASE_URL TOKEN: uses wlpy's server as LibreChat does, with its own tool for agents
// (@librechat/agents, below the working directory), and for files with the requests of its server.
const assert = require('node:assert');
const path = require('node:path');

// @langchain/core needs this global, which Debian 12's Node 18 does not have.
globalThis.crypto ??= require('node:crypto').webcrypto;

const [base, token] = process.argv.slice(2);
const { createCodeExecutionTool } = require(path.resolve('node_modules/@librechat/agents/dist/cjs/tools/CodeExecutor.cjs'));
const tool = createCodeExecutionTool({ baseUrl: base, authHeaders: { Authorization: `Bearer ${token}` }, user_id: 'u' });
const headers = { 'X-API-Key': token };

function execute(code, files) {
  return tool.invoke({ type: 'tool_call', id: '1', name: tool.name, args: { lang: 'py', code }, _injected_files: files });
}

async function main() {
  let message = await execute('print(6 * 7)');
  assert.match(message.content, /stdout:\n42$/);
  assert.match(message.artifact.session_id, /^[A-Za-z0-9_-]{21}$/);

  const form = new FormData();
  form.append('kind', 'user');
  form.append('file', new Blob(['a,b\n1,2\n']), 'data.csv');
  const uploaded = await (await fetch(`${base}/upload`, { method: 'POST', headers, body: form })).json();
  assert.equal(uploaded.message, 'success');
  const file = {
    id: uploaded.files[0].fileId, storage_session_id: uploaded.storage_session_id, resource_id: 'u', kind: 'user',
    name: uploaded.files[0].filename,
  };

  message = await execute("text = open('/mnt/data/data.csv').read()\nopen('/mnt/data/upper.csv', 'w').write(text.upper())\n"
    + "print(len(text))", [file]);
  assert.match(message.content, /stdout:\n8\n/);
  const { files } = message.artifact;
  assert.deepEqual(files.map((each) => [each.name, each.inherited]).sort(), [['data.csv', true], ['upper.csv', undefined]]);
  const made = files.find((each) => each.name === 'upper.csv');
  const place = `${made.storage_session_id}/${made.id}`;
  const download = await fetch(`${base}/download/${place}?kind=user&id=u`, { headers });
  assert.equal(await download.text(), 'A,B\n1,2\n');
  assert.match(download.headers.get('content-disposition'), /upper\.csv/);
  const info = await fetch(`${base}/sessions/${made.storage_session_id}/objects/${made.id}?kind=user&id=u`, { headers });
  assert(Date.now() - Date.parse((await info.json()).lastModified) < 23 * 3600 * 1000);

  // What the code has made is there for the next.
  message = await execute("print(open('upper.csv').read())", [{ ...made, resource_id: 'u', kind: 'user' }]);
  assert.match(message.content, /A,B\n1,2/);
  message = await execute('1/0');
  assert.match(message.content, /stderr:\n[^]*ZeroDivisionError/);
  await assert.rejects(tool.invoke({ lang: 'js', code: '1' }), /rejected/);
  const other = createCodeExecutionTool({ baseUrl: base, authHeaders: { Authorization: 'Bearer wrong' } });
  await assert.rejects(other.invoke({ lang: 'py', code: '1' }), /not authorized/);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
