/** What a text can hold that cannot be seen, or that reorders what is seen. */

const hidden = /(?![\t\n\r])\p{Cc}|\p{Default_Ignorable_Code_Point}|[\u2028\u2029\ufff9-\ufffb]/u;

/** A text without invisible characters, and how many there were; a byte order mark at its start is not counted. */
export function visible(text: string): { readonly text: string; readonly removed: number } {
  const marked = text.replace(/^\ufeff/, '');
  if (!hidden.test(marked)) return { text: marked, removed: 0 };
  const characters = Array.from(marked);
  const kept: string[] = [];
  characters.forEach((character, index) => {
    if (isSeen(character, kept.at(-1), characters[index + 1])) kept.push(character);
  });
  return { text: kept.join(''), removed: characters.length - kept.length };
}

/** The first invisible character of a text: its name, such as `U+200B`, and its line from 1; a byte order mark at the start is none. */
export function firstHidden(
  text: string,
): { readonly name: string; readonly line: number } | undefined {
  if (!hidden.test(text)) return undefined;
  let line = 1;
  let before = '';
  const characters = Array.from(text.replace(/^\ufeff/, ''));
  for (const [index, character] of characters.entries()) {
    if (!isSeen(character, before, characters[index + 1])) {
      const code = character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
      return { name: `U+${code}`, line };
    }
    if (character === '\n') line += 1;
    before = character;
  }
  return undefined;
}

/** Some scripts and emoji are written with joiners between their characters and with one variation selector after. */
function isSeen(character: string, before = '', after = ''): boolean {
  if (!hidden.test(character)) return true;
  if (/[\ufe0e\ufe0f]/.test(character)) return /\p{Emoji}/u.test(before);
  if (!/[\u200c\u200d]/.test(character)) return false;
  return isForeign(before) && isForeign(after) && !hidden.test(after);
}

function isForeign(character: string): boolean {
  return (character.codePointAt(0) ?? 0) > 127;
}
