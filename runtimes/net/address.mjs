// What is an address: node:net's two functions, which a page lacks.

const BYTE = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${BYTE}(?:[.]${BYTE}){3}$`);

export const isIPv4 = (text) => IPV4.test(text);

/** Also with a zone behind a %, as Node's. */
export function isIPv6(text) {
  const match = /^([0-9a-f:.]{2,45})(%[0-9a-z]+)?$/i.exec(text);
  if (!match || !match[1].includes(':')) return false;
  try {
    return new URL(`http://[${match[1]}]/`).hostname !== '';
  } catch {
    return false;
  }
}
