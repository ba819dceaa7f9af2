// The rules of runtimes/net/policy.mjs, with the cases of host/tests/test_policy.c, whose tables are read here. Argument: that file.
import assert from 'node:assert';
import { readFileSync } from 'node:fs';
import { Policy, addressText, endText, parseAddress } from '../../runtimes/net/policy.mjs';

const source = readFileSync(process.argv[2], 'utf8');

/** The rows of the first table behind a text, as arrays. Except for NULL, C's literals in them are JSON's. */
function table(start, from = 0) {
  const at = source.indexOf(start, from);
  assert(at >= 0, start);
  const open = source.indexOf('= {', at) + 2;
  const text = source.slice(open, source.indexOf('};', open) + 1).replace(/\/\*.*?\*\//gs, '');
  return JSON.parse(text.replaceAll('{', '[').replaceAll('}', ']').replaceAll('NULL', 'null').replace(/,(\s*)\]/g, '$1]'));
}

let n = 0;
for (const [rules, address, port, name, may] of table('cases[]', source.indexOf('void test_connect('))) {
  const policy = new Policy();
  for (const rule of rules.split(' ').filter(Boolean)) policy.allow(rule);
  assert.equal(policy.mayConnect(parseAddress(address), port, name), may, `${rules} ${address} ${port} ${name}`);
  n++;
}
for (const [rule, name, may] of table('cases[]', source.indexOf('void test_names('))) {
  const policy = new Policy();
  policy.allow(rule);
  assert.equal(policy.mayLookUp(name), may, `${rule} ${name}`);
  n++;
}
for (const [rule, address, port, anyPort, may] of table('cases[]', source.indexOf('void test_listen('))) {
  const policy = new Policy(), bytes = parseAddress(address);
  assert(!policy.mayBind(bytes, port, anyPort));
  policy.allowListening(rule);
  assert.equal(policy.mayBind(bytes, port, anyPort), may, `${rule} ${address} ${port}`);
  assert(!policy.mayConnect(bytes, port, null));
  n++;
}
for (const [kind, method] of [['connect[]', 'allow'], ['listen[]', 'allowListening']])
  for (const rule of table(kind, source.indexOf('void test_bad_rules('))) {
    assert.throws(() => new Policy()[method](rule), /^Error: .*$/, rule);
    n++;
  }
for (const long of ['a'.repeat(399), ('a'.repeat(50) + '.').repeat(8)]) assert.throws(() => new Policy().allow(long));
assert.equal(endText(parseAddress('::ffff:192.0.2.1'), 80), '192.0.2.1:80');
assert.equal(endText(parseAddress('2001:DB8:0::1'), 443), '[2001:db8::1]:443');
assert.equal(addressText(parseAddress('1:0:0:2::3')), '1:0:0:2::3');
assert.equal(parseAddress('1.2.3'), null);
console.log(`${n} cases`);
