// notebook.cjs PYTHON CELL...: evaluates pieces of Python one after the other in one sandboxed session, and prints the value
// of each. The code can call the function price of this program. ./notebook.node is made of addon.c.
const path = require('node:path');
const { start, evaluate } = require(path.resolve('notebook.node'));

const prices = { apple: 0.5, pear: 0.75 };

// The guest gives JSON, and gets JSON.
function price(input) {
  const { args } = JSON.parse(input);
  if (!Object.hasOwn(prices, args[0])) throw new Error('there is no price');
  return JSON.stringify(prices[args[0]]);
}

async function run(file, cells) {
  const session = start(file, price);
  for (const cell of cells) {
    const value = await evaluate(session, cell);
    process.stdout.write(value.out ?? '');
    if (value.stopped) console.log('stopped: it took too long');
    else if (value.type !== undefined) console.log(`${value.type}: ${value.message}`);
    else if (value.repr !== undefined) console.log(value.repr);
  }
}

const [file, ...cells] = process.argv.slice(2);
if (!cells.length) {
  console.error('usage: notebook.cjs PYTHON CELL...');
  process.exit(2);
}
run(file, cells).catch((error) => {
  console.error(`notebook: ${error.message}`);
  process.exitCode = 1;
});
