/** Git's deltas: copies out of a base, and new bytes between them (gitformat-pack(5), "Deltified representation"). */

/** The content that a delta makes of its base; nothing when it is larger than `maxBytes` or does not fit. */
export function applyDelta(
  base: Uint8Array,
  delta: Uint8Array,
  maxBytes: number,
): Uint8Array | undefined {
  const from = sizeAt(delta, 0);
  const to = sizeAt(delta, from.next);
  if (from.value !== base.length || to.value > maxBytes) return undefined;
  const made = new Uint8Array(to.value);
  let done = 0;
  let at = to.next;
  while (at < delta.length) {
    const op = delta[at++] ?? 0;
    let piece: Uint8Array;
    if (op & 0x80) {
      const copy = copyAt(delta, at, op);
      piece = base.subarray(copy.start, copy.start + copy.length);
      at = copy.next;
    } else {
      piece = delta.subarray(at, at + op);
      at += op;
    }
    if (piece.length === 0 || done + piece.length > made.length) return undefined;
    made.set(piece, done);
    done += piece.length;
  }
  return done === made.length ? made : undefined;
}

function sizeAt(bytes: Uint8Array, start: number): { value: number; next: number } {
  let next = start;
  let value = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = bytes[next++] ?? 0;
    value += (byte & 0x7f) * scale;
    if ((byte & 0x80) === 0) return { value, next };
  }
}

/** Which bytes of the base: bits of `op` say which bytes of offset and length follow. */
function copyAt(delta: Uint8Array, start: number, op: number) {
  let next = start;
  const numberOf = (bits: readonly number[]) =>
    bits.reduce((sum, bit, place) => sum + (op & bit ? (delta[next++] ?? 0) * 256 ** place : 0), 0);
  const from = numberOf([0x01, 0x02, 0x04, 0x08]);
  const length = numberOf([0x10, 0x20, 0x40]) || 0x1_00_00;
  return { start: from, length, next };
}
