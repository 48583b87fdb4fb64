/** Text of servers before anyone reads it: without what cannot be seen, and bounded. */

/** What is not seen, and in a name or description is there to deceive: format, control, private and unassigned. */
const invisible =
  /[\p{Cf}\p{Co}\p{Cn}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}\u{115F}\u{1160}\u{3164}\u{FFA0}]|(?![\n\t])\p{Cc}/gu;

/** What reorders or hides text. Joiners and variants of letters stay: a file that is read must come as it is. */
const deceptive = /[\u{202A}-\u{202E}\u{2066}-\u{2069}\u{E0000}-\u{E01EF}]|(?![\n\r\t])\p{Cc}/gu;

/** A name, description or message of a server, without invisible characters and at most `max` characters long. */
export function clean(text: string, max = 4000): string {
  return cut(text.replace(invisible, ''), max);
}

/** The text of a result without characters that reorder or hide text. */
export function cleanResult(text: string): string {
  return text.replace(deceptive, '');
}

/** One line of a server's text for people. */
export function oneLine(text: string, max = 200): string {
  return clean(text.replaceAll(/\s+/gu, ' ').trim(), max);
}

/** The beginning of a text, with a mark where it was cut. */
export function cut(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/u, '')}…`;
}
