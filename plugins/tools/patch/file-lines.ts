/** How a line ends; '' only for the last one of a file without a final newline. */
export type Ending = '' | '\n' | '\r\n';

/** One line of a file. */
export interface FileLine {
  readonly text: string;
  readonly ending: Ending;
}

/** A text file taken apart so that `joinLines` gives the same bytes. A lone CR ends no line. */
export interface FileLines {
  /** A byte order mark, or ''. */
  readonly mark: '' | '\uFEFF';
  readonly lines: readonly FileLine[];
}

/** Takes a text apart; the empty text has no lines. */
export function splitLines(text: string): FileLines {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const lines: FileLine[] = [];
  let from = mark.length;
  while (from < text.length) {
    const feed = text.indexOf('\n', from);
    if (feed === -1) {
      lines.push({ text: text.slice(from), ending: '' });
      break;
    }
    const returns = feed > from && text[feed - 1] === '\r';
    lines.push({
      text: text.slice(from, returns ? feed - 1 : feed),
      ending: returns ? '\r\n' : '\n',
    });
    from = feed + 1;
  }
  return { mark, lines };
}

/** Puts together what `splitLines` took apart. */
export function joinLines(file: FileLines): string {
  return file.mark + file.lines.map((line) => line.text + line.ending).join('');
}

/** The ending that most lines have; LF when none has one or both are equal. */
export function commonEnding(lines: readonly FileLine[]): '\n' | '\r\n' {
  const returns = lines.filter((line) => line.ending === '\r\n').length;
  const feeds = lines.filter((line) => line.ending === '\n').length;
  return returns > feeds ? '\r\n' : '\n';
}
