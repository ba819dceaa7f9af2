/** What WASI's clock of that number says in Node, in ns: that of the calendar, or one that only goes forward. */
export const clock = (number) => (number === 0 ? BigInt(Date.now()) * 1000000n : process.hrtime.bigint());
