/** What the model calls a server's tools: providers take letters, digits, `_` and `-`, 64 of them at most. */

const most = 64;

/** `server__tool`, or the alias, in characters that providers take; another name than those that are taken. */
export function nameFor(
  { server, tool, alias }: { server: string; tool: string; alias?: string | undefined },
  isTaken: (name: string) => boolean,
): string {
  const wanted = alias ?? `${server}__${tool}`;
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]/gu, '_');
  const isLong = plain.length > most;
  // Cut names are told apart by a hash of the whole.
  let name = isLong ? `${plain.slice(0, most - 7)}_${hash(wanted)}` : plain;
  if (isTaken(name) && alias !== undefined && !isLong) name = nameFor({ server, tool }, isTaken);
  for (let count = 2; isTaken(name); count++) name = `${name.slice(0, most - 4)}_${count}`;
  return name;
}

/** Six hexadecimal digits (FNV-1a, 32 bits, cut). */
function hash(text: string): string {
  let bits = 0x811c9dc5;
  for (const character of text)
    bits = Math.imul(bits ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return (bits >>> 0).toString(16).padStart(8, '0').slice(0, 6);
}
