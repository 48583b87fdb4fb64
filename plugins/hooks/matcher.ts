/** Which hooks a moment concerns, by the rules of Claude Code's matchers. */

import { invalid, messageOf } from '../../core/index.ts';

/** What Claude Code calls its tools that do what ours do, so that its scripts' matchers mean them here. */
const namesElsewhere: Readonly<Record<string, readonly string[]>> = {
  shell: ['Bash'],
  apply_patch: ['Edit', 'MultiEdit', 'Write'],
  read_file: ['Read'],
  view_image: ['Read'],
  search: ['Glob', 'Grep'],
  update_plan: ['TodoWrite'],
  task: ['Task', 'Agent'],
};

/**
 * Whether a name, or one that Claude Code has for the same tool, is meant: everything by an absent matcher, `` or `*`; the names themselves where there are only
 * letters, digits, `_`, `-` and `|`; otherwise a JavaScript regular expression that matches anywhere in the name. Throws
 * `invalid` when it is none.
 */
export function compileMatcher(matcher = ''): (name: string) => boolean {
  if (matcher === '' || matcher === '*') return () => true;
  if (/^[\w|-]+$/.test(matcher)) {
    const names = new Set(matcher.split('|'));
    return (name) => namesOf(name).some((one) => names.has(one));
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(matcher, 'u');
  } catch (error) {
    throw invalid`hooks: expected a matcher that is a name, a|b or a regular expression, but got "${matcher}" (${messageOf(error)})`;
  }
  return (name) => namesOf(name).some((one) => pattern.test(one));
}

function namesOf(name: string): readonly string[] {
  const elsewhere = Object.hasOwn(namesElsewhere, name) ? namesElsewhere[name] : undefined;
  return [name, ...(elsewhere ?? [])];
}
