/** An assembler for classic BPF programs, the language of seccomp filters (linux/filter.h, seccomp(2)). */

/** What of a system call a filter can load: offsets in `struct seccomp_data`. Of arguments, the low 32 bits. */
export const dataOffsets = { number: 0, architecture: 4 } as const;

/** The offset of the low half of an argument, counted from 0; both machines that filters are made for are little-endian. */
export function argumentOffset(index: number): number {
  return 16 + 8 * index;
}

/** One line of a program. Jumps name a label further down; the other way they fall through. */
export type Line =
  | Readonly<{ op: 'load'; offset: number }>
  | Readonly<{ op: 'jump'; when: 'equal' | 'above' | 'anyBit'; value: number; to: string }>
  | Readonly<{ op: 'mask'; value: number }>
  | Readonly<{ op: 'return'; value: number }>
  | Readonly<{ op: 'label'; name: string }>;

const codes = {
  load: 0x20, // BPF_LD | BPF_W | BPF_ABS
  mask: 0x54, // BPF_ALU | BPF_AND | BPF_K
  return: 0x06, // BPF_RET | BPF_K
  equal: 0x15, // BPF_JMP | BPF_JEQ | BPF_K
  above: 0x25, // BPF_JMP | BPF_JGT | BPF_K
  anyBit: 0x45, // BPF_JMP | BPF_JSET | BPF_K
} as const;
const instructionBytes = 8;
const longestJump = 255;

/** The program as the kernel takes it: an array of `struct sock_filter`. Throws when a label is missing or too far. */
export function assemble(lines: readonly Line[]): Uint8Array {
  const places = new Map<string, number>();
  const steps = lines.filter((line) => line.op !== 'label');
  let count = 0;
  for (const line of lines) {
    if (line.op === 'label') places.set(line.name, count);
    else count++;
  }
  const bytes = new DataView(new ArrayBuffer(count * instructionBytes));
  steps.forEach((step, index) => {
    const at = index * instructionBytes;
    bytes.setUint16(at, step.op === 'jump' ? codes[step.when] : codes[step.op], true);
    if (step.op === 'jump') bytes.setUint8(at + 2, distance(places.get(step.to), index, step.to));
    bytes.setUint32(at + 4, step.op === 'load' ? step.offset : step.value, true);
  });
  return new Uint8Array(bytes.buffer);
}

function distance(place: number | undefined, from: number, label: string): number {
  const steps = place === undefined ? -1 : place - from - 1;
  if (steps >= 0 && steps <= longestJump) return steps;
  throw new RangeError(`expected the label ${label} at most ${longestJump} steps further down`);
}
