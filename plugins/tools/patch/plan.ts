import { applyUpdate } from './apply.ts';
import { commonEnding, joinLines, splitLines } from './file-lines.ts';
import { failure, success } from './patch.ts';
import type { Outcome, Patch, PatchFailure, Section, UpdateSection } from './patch.ts';
import { workspacePath } from './workspace-path.ts';

/** What happens to one file. Paths are relative to the workspace; texts are whole files. A move may change the text. */
export type Change =
  | { readonly kind: 'add'; readonly path: string; readonly after: string }
  | { readonly kind: 'delete'; readonly path: string; readonly before: string }
  | {
      readonly kind: 'update';
      readonly path: string;
      readonly before: string;
      readonly after: string;
    }
  | {
      readonly kind: 'move';
      readonly path: string;
      readonly to: string;
      readonly before: string;
      readonly after: string;
    };

/**
 * The current text of a file, a byte order mark included; nothing when there is no file; or why there is no text, as
 * the end of a sentence ("is a folder", "is not UTF-8").
 */
export type Source = string | { readonly unreadable: string } | undefined;

/** How paths are read. */
export interface PlanOptions {
  /** The workspace, absolute: a path below it may be written absolute. */
  readonly root?: string;
}

/** A section whose paths are checked. `replaces` marks an add that a delete of the same path stands before. */
interface Step {
  readonly section: Section;
  readonly path: string;
  readonly to?: string;
  readonly replaces: boolean;
}

/** Every path that `planPatch` will read, relative to the workspace; paths it will refuse are left out. */
export function patchPaths(patch: Patch, options: PlanOptions = {}): readonly string[] {
  const found = patch.sections
    .flatMap((section) => writtenPaths(section))
    .flatMap((written) => {
      const read = workspacePath(written, options.root);
      return 'path' in read ? [read.path] : [];
    });
  return [...new Set(found)];
}

/**
 * Works out what a patch does, without doing it: all its changes in its order, or every reason why it cannot be done.
 *
 * - An add over a file fails with `conflict`. If the file has that very content, the section is done already and drops
 *   out, so that a repeated patch does no harm; so does an update that changes nothing. Nothing left: `unchanged`.
 * - `*** Delete File: p` before `*** Add File: p` replaces the file: an update, with the line endings of the old file.
 * - Any other path that two sections name, a move onto a file, and a new file below another one fail with `conflict`.
 * - A file to change must be there (`missing`) and be text: a NUL makes it `unreadable`.
 * - Paths are judged by their letters alone (`path`); links are for the effects to judge.
 */
export function planPatch(
  patch: Patch,
  read: (path: string) => Source,
  options: PlanOptions = {},
): Outcome<readonly Change[]> {
  const located = gather(patch.sections.map((section) => locate(section, options)));
  if (!located.ok) return located;
  const steps = joinReplacements(located.value);
  const clashes = findClashes(steps);
  if (clashes.length > 0) return { ok: false, failures: clashes };
  const planned = gather(steps.map((step) => inFile(step.section.path, planStep(step, read))));
  if (!planned.ok) return planned;
  const changes = planned.value.filter((change) => change !== undefined);
  if (changes.length > 0) return success(changes);
  return failure(
    'unchanged',
    'expected a patch that changes something, but the files already are what it makes them; go on without it.',
  );
}

function gather<T>(outcomes: readonly Outcome<T>[]): Outcome<readonly T[]> {
  const failures = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.failures));
  if (failures.length > 0) return { ok: false, failures };
  return success(outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])));
}

function inFile<T>(path: string, outcome: Outcome<T>): Outcome<T> {
  if (outcome.ok) return outcome;
  const failures = outcome.failures.map((one) => ({
    ...one,
    path,
    message: `${path}: ${one.message}`,
  }));
  return { ok: false, failures };
}

function writtenPaths(section: Section): readonly string[] {
  return section.kind === 'update' && section.to !== undefined
    ? [section.path, section.to]
    : [section.path];
}

function locate(section: Section, options: PlanOptions): Outcome<Step> {
  const paths: string[] = [];
  for (const written of writtenPaths(section)) {
    const place = workspacePath(written, options.root);
    if ('problem' in place)
      return failure('path', `patch line ${section.patchLine}: ${place.problem}`);
    paths.push(place.path);
  }
  const [path = '', to] = paths;
  return success({
    section,
    path,
    replaces: false,
    ...(to === undefined || to === path ? {} : { to }),
  });
}

function joinReplacements(steps: readonly Step[]): readonly Step[] {
  const joined: Step[] = [];
  for (const step of steps) {
    const gone = joined.findIndex(
      (other) => other.section.kind === 'delete' && other.path === step.path,
    );
    const replaces = step.section.kind === 'add' && gone !== -1;
    if (replaces) joined.splice(gone, 1);
    joined.push({ ...step, replaces });
  }
  return joined;
}

function findClashes(steps: readonly Step[]): readonly PatchFailure[] {
  const named = new Set<string>();
  const clashes: PatchFailure[] = [];
  const written = new Set(
    steps.flatMap((step) => (step.section.kind === 'delete' ? [] : [step.to ?? step.path])),
  );
  for (const { path, to } of steps) {
    for (const one of to === undefined ? [path] : [path, to]) {
      if (named.has(one))
        clashes.push(
          clash(
            one,
            'expected one section for each file, got two; put all its changes in one section.',
          ),
        );
      named.add(one);
    }
  }
  for (const path of written) {
    const file = ancestors(path).find((folder) => written.has(folder));
    if (file !== undefined)
      clashes.push(
        clash(
          path,
          `expected its folder to be a folder, but the patch makes ${file} a file; choose another path.`,
        ),
      );
  }
  return clashes;
}

function clash(path: string, message: string): PatchFailure {
  return { code: 'conflict', path, message: `${path}: ${message}` };
}

function ancestors(path: string): readonly string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join('/'));
}

function planStep(step: Step, read: (path: string) => Source): Outcome<Change | undefined> {
  const { section, path } = step;
  if (section.kind === 'add' && !step.replaces) return planAdd(path, section.text, read(path));
  const source = existing(read(path));
  if (!source.ok) return source;
  const before = source.value;
  if (section.kind === 'delete') return success({ kind: 'delete', path, before });
  if (section.kind === 'add')
    return success(unlessSame(path, before, withEndingsOf(before, section.text)));
  return planUpdate(step, section, {
    before,
    target: step.to === undefined ? undefined : read(step.to),
  });
}

function planAdd(path: string, text: string, source: Source): Outcome<Change | undefined> {
  if (source === undefined) return success({ kind: 'add', path, after: text });
  if (source === text) return success(undefined);
  return failure(
    'conflict',
    'expected no file there, but there is one; change it with "*** Update File:", or put "*** Delete File:" with the same path before the add to replace it whole.',
  );
}

function planUpdate(
  step: Step,
  section: UpdateSection,
  { before, target }: { readonly before: string; readonly target: Source },
): Outcome<Change | undefined> {
  if (target !== undefined)
    return failure(
      'conflict',
      `expected no file at ${step.to ?? ''} to move onto, but there is one; choose another path.`,
    );
  const applied = applyUpdate(before, section.chunks);
  if (!applied.ok) return applied;
  const after = applied.value;
  if (step.to === undefined) return success(unlessSame(step.path, before, after));
  return success({ kind: 'move', path: step.path, to: step.to, before, after });
}

function unlessSame(path: string, before: string, after: string): Change | undefined {
  return before === after ? undefined : { kind: 'update', path, before, after };
}

function existing(source: Source): Outcome<string> {
  if (source === undefined)
    return failure(
      'missing',
      'expected a file, but there is none; check the path, or add it with "*** Add File:".',
    );
  if (typeof source !== 'string')
    return failure(
      'unreadable',
      `expected a text file, but it ${source.unreadable}; change it with a command instead.`,
    );
  if (source.includes('\0'))
    return failure(
      'unreadable',
      'expected a text file, but it is binary (it has a NUL byte); change it with a command instead.',
    );
  return success(source);
}

function withEndingsOf(before: string, text: string): string {
  const old = splitLines(before);
  const ending = commonEnding(old.lines);
  return joinLines({
    mark: old.mark,
    lines: splitLines(text).lines.map((line) => ({ ...line, ending })),
  });
}
