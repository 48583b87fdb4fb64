import type { Chunk, Patch, Section } from '../../../../plugins/tools/patch/patch.ts';

/** Writes a patch as a model would: what `parsePatch` reads back as the same patch. */
export function printPatch(patch: Patch): string {
  return ['*** Begin Patch', ...patch.sections.flatMap(sectionLines), '*** End Patch', ''].join(
    '\n',
  );
}

function sectionLines(section: Section): readonly string[] {
  if (section.kind === 'delete') return [`*** Delete File: ${section.path}`];
  if (section.kind === 'add') {
    const added = section.text.split('\n').slice(0, -1);
    return [`*** Add File: ${section.path}`, ...added.map((line) => `+${line}`)];
  }
  const move = section.to === undefined ? [] : [`*** Move to: ${section.to}`];
  return [`*** Update File: ${section.path}`, ...move, ...section.chunks.flatMap(chunkLines)];
}

function chunkLines(chunk: Chunk): readonly string[] {
  const anchors =
    chunk.anchors.length === 0 ? ['@@'] : chunk.anchors.map((anchor) => `@@ ${anchor}`);
  const lines = chunk.lines.map((line) => line.op + line.text);
  return [...anchors, ...lines, ...(chunk.atEnd ? ['*** End of File'] : [])];
}
