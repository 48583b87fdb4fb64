/** A short name for data, to tell whether it is the same as before. */

/**
 * 64 bits in hex of the data's JSON text. It tells apart what changed by chance, not by intent; what must withstand
 * intent is hashed by SHA-256, whose module costs the start several milliseconds.
 */
export function fingerprintOf(data: unknown): string {
  const text = JSON.stringify(data);
  let [one, two] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    one = Math.imul(one ^ code, 0x9e3779b1);
    two = Math.imul(two ^ code, 0x5f356495);
  }
  return hex(one ^ (two >>> 15)) + hex(two ^ (one >>> 13));
}

function hex(bits: number): string {
  return (bits >>> 0).toString(16).padStart(8, '0');
}
