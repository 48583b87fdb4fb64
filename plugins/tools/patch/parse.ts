import { failure, quote, success } from './patch.ts';
import type { Chunk, ChunkLine, Outcome, Patch, Section } from './patch.ts';
import { unwrap } from './envelope.ts';
import type { PatchLine } from './envelope.ts';

interface OpenChunk {
  readonly anchors: string[];
  readonly lines: ChunkLine[];
  readonly patchLine: number;
  atEnd: boolean;
  /** How many of the last lines were wholly empty in the patch: separators or empty context. */
  blankTail: number;
}

interface OpenAdd {
  readonly kind: 'add';
  readonly path: string;
  readonly patchLine: number;
  readonly lines: string[];
  /** Empty lines met since the last `+`: content only if another `+` follows. */
  blankTail: number;
}

interface OpenUpdate {
  readonly kind: 'update';
  readonly path: string;
  readonly patchLine: number;
  readonly chunks: OpenChunk[];
  to: string | undefined;
}

type OpenSection =
  | OpenAdd
  | OpenUpdate
  | { readonly kind: 'delete'; readonly path: string; readonly patchLine: number };

const sectionHeaders = '"*** Add File: …", "*** Delete File: …", "*** Update File: …"';

/**
 * Reads the patch format that models know from Codex (`*** Begin Patch` … `*** End Patch`).
 *
 * Tolerated: a heredoc or code fence round the patch; a missing last newline; CRLF; whitespace round the markers; a
 * patch indented as a whole; a first chunk without `@@`; an empty line for an empty context line; git's `-1,2 +1,2 @@`
 * after `@@`, which is ignored. Inside a chunk a marker counts in column one only, so that a context line may look like one.
 * A patch without its end marker is refused, since it may have been cut.
 *
 * Fails with `syntax` and the line number of the first fault.
 */
export function parsePatch(text: string): Outcome<Patch> {
  const body = unwrap(text);
  if (!body.ok) return body;
  const open: OpenSection[] = [];
  for (const line of body.value) {
    const problem = takeLine(open, line);
    if (problem !== undefined) return failure('syntax', `patch line ${line.number}: ${problem}`);
  }
  if (open.length === 0)
    return failure(
      'syntax',
      `expected a file section (${sectionHeaders}), got an empty patch; add one.`,
    );
  return closeSections(open);
}

function takeLine(sections: OpenSection[], line: PatchLine): string | undefined {
  const open = sections.at(-1);
  const header = readHeader(line.text, takesIndentedMarkers(open));
  if (header !== undefined) return takeHeader(sections, header, line);
  if (/^\*{3} (?:Begin|End) Patch\s*$/u.test(line.text))
    return `expected one patch, got ${quote(line.text)} inside it; put all sections between one "*** Begin Patch" and one "*** End Patch".`;
  if (open?.kind === 'add') return takeAddedLine(open, line);
  if (open?.kind === 'update') return takeUpdateLine(open, line);
  if (line.text.trim() === '') return undefined;
  return `expected ${sectionHeaders} or "*** End Patch", got ${quote(line.text)}; begin a section with one of these.`;
}

/** Only the lines of a chunk may begin with a space of their own. */
function takesIndentedMarkers(open: OpenSection | undefined): boolean {
  if (open?.kind !== 'update') return true;
  return open.chunks.at(-1)?.atEnd ?? true;
}

interface Header {
  readonly verb: string;
  readonly path: string;
}

function readHeader(text: string, indented: boolean): Header | undefined {
  const marker = indented ? text.trim() : text.trimEnd();
  const [, verb, path] =
    /^\*{3}\s*(Add File|Delete File|Update File|Move to):(.*)$/u.exec(marker) ?? [];
  return verb === undefined || path === undefined ? undefined : { verb, path: path.trim() };
}

function takeHeader(sections: OpenSection[], header: Header, line: PatchLine): string | undefined {
  const { verb, path } = header;
  if (path === '')
    return `expected a path after "*** ${verb}:", got none; name the file, relative to the workspace.`;
  if (verb === 'Move to') return takeMove(sections.at(-1), path);
  const start = { path, patchLine: line.number };
  if (verb === 'Add File') sections.push({ kind: 'add', ...start, lines: [], blankTail: 0 });
  else if (verb === 'Delete File') sections.push({ kind: 'delete', ...start });
  else sections.push({ kind: 'update', ...start, chunks: [], to: undefined });
  return undefined;
}

function takeMove(open: OpenSection | undefined, path: string): string | undefined {
  if (open?.kind !== 'update' || open.chunks.length > 0 || open.to !== undefined)
    return `expected "*** Move to:" once, right after "*** Update File:", got it elsewhere; move it there.`;
  open.to = path;
  return undefined;
}

function takeAddedLine(section: OpenAdd, line: PatchLine): string | undefined {
  if (line.text.trim() === '') {
    section.blankTail++;
    return undefined;
  }
  if (!line.text.startsWith('+'))
    return `expected "+" before each line of the new file ${quote(section.path)}, or a section header, got ${quote(line.text)}; put "+" before it.`;
  for (; section.blankTail > 0; section.blankTail--) section.lines.push('');
  section.lines.push(line.text.slice(1));
  return undefined;
}

function takeUpdateLine(section: OpenUpdate, line: PatchLine): string | undefined {
  const chunk = section.chunks.at(-1);
  const marker = line.text.trimEnd();
  if (marker === '*** End of File') return takeEndOfFile(chunk);
  if (/^@@(?:\s|$)/u.test(marker)) return takeAnchor(section, line);
  if (chunk === undefined || chunk.atEnd) return takeLooseLine(section, line);
  return takeChunkLine(chunk, line.text);
}

function takeEndOfFile(chunk: OpenChunk | undefined): string | undefined {
  if (chunk === undefined)
    return `expected the lines of a chunk before "*** End of File", got none; put it after the last line of the chunk.`;
  chunk.atEnd = true;
  return undefined;
}

function takeAnchor(section: OpenUpdate, line: PatchLine): string | undefined {
  const anchor = line.text
    .slice(2)
    .replace(/^\s+-\d+(?:,\d+)? \+\d+(?:,\d+)? @@/u, '')
    .replace(/^\s/u, '')
    .trimEnd();
  const last = section.chunks.at(-1);
  const chunk = last !== undefined && isBare(last) ? last : openChunk(section, line);
  chunk.lines.length = 0;
  chunk.blankTail = 0;
  if (anchor !== '') chunk.anchors.push(anchor);
  return undefined;
}

function isBare(chunk: OpenChunk): boolean {
  return !chunk.atEnd && chunk.lines.length === chunk.blankTail;
}

function openChunk(section: OpenUpdate, line: PatchLine): OpenChunk {
  const chunk = { anchors: [], lines: [], patchLine: line.number, atEnd: false, blankTail: 0 };
  section.chunks.push(chunk);
  return chunk;
}

/** A line where no chunk is open: the first chunk may do without `@@`. */
function takeLooseLine(section: OpenUpdate, line: PatchLine): string | undefined {
  if (line.text.trim() === '') return undefined;
  if (section.chunks.length === 0) return takeChunkLine(openChunk(section, line), line.text);
  return `expected "@@", a section header or "*** End Patch" after "*** End of File", got ${quote(line.text)}; begin the next chunk with "@@".`;
}

function takeChunkLine(chunk: OpenChunk, text: string): string | undefined {
  if (text.trim() === '' && !text.startsWith(' ')) {
    chunk.lines.push({ op: ' ', text: '' });
    chunk.blankTail++;
    return undefined;
  }
  if (text.startsWith('\\ No newline at end of file')) return undefined;
  const op = text.charAt(0);
  if (op !== ' ' && op !== '+' && op !== '-')
    return `expected " ", "+" or "-" before a line of a chunk, or a marker ("@@", "*** …"), got ${quote(text)}; put a space before a line that stays.`;
  chunk.lines.push({ op, text: text.slice(1) });
  chunk.blankTail = 0;
  return undefined;
}

function closeSections(open: readonly OpenSection[]): Outcome<Patch> {
  const sections: Section[] = [];
  for (const section of open) {
    const closed = closeSection(section);
    if (!closed.ok) return closed;
    sections.push(closed.value);
  }
  return success({ sections });
}

function closeSection(section: OpenSection): Outcome<Section> {
  if (section.kind === 'delete') return success(section);
  const { kind, path, patchLine } = section;
  if (kind === 'add')
    return success({
      kind,
      path,
      patchLine,
      text: section.lines.map((line) => `${line}\n`).join(''),
    });
  const chunks = section.chunks.map(closeChunk);
  const empty = chunks.find((chunk) => chunk.lines.length === 0);
  if (empty !== undefined)
    return failure(
      'syntax',
      `patch line ${empty.patchLine}: expected lines with " ", "+" or "-" in the chunk, got none; add them or remove the chunk.`,
    );
  if (section.to !== undefined) return success({ kind, path, patchLine, to: section.to, chunks });
  if (chunks.length > 0) return success({ kind, path, patchLine, chunks });
  return failure(
    'syntax',
    `patch line ${patchLine}: expected a chunk or "*** Move to:" in the update of ${quote(path)}, got none; add one or remove the section.`,
  );
}

/** Empty lines below lines that are only added separate; elsewhere they are empty context. */
function closeChunk(chunk: OpenChunk): Chunk {
  const { anchors, atEnd, patchLine } = chunk;
  const lines = chunk.lines.slice(0, chunk.lines.length - chunk.blankTail);
  return {
    anchors,
    atEnd,
    patchLine,
    lines: lines.every((line) => line.op === '+') ? lines : chunk.lines,
  };
}
