/** Which hooks a moment concerns, by the rules of Claude Code's matchers. */

import { invalid, messageOf } from '../../core/index.ts';

/**
 * Whether a name is meant: everything by an absent matcher, `` or `*`; the names themselves where there are only
 * letters, digits, `_`, `-` and `|`; otherwise a JavaScript regular expression that matches anywhere in the name. Throws
 * `invalid` when it is none.
 */
export function compileMatcher(matcher = ''): (name: string) => boolean {
  if (matcher === '' || matcher === '*') return () => true;
  if (/^[\w|-]+$/.test(matcher)) {
    const names = new Set(matcher.split('|'));
    return (name) => names.has(name);
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(matcher, 'u');
  } catch (error) {
    throw invalid`hooks: expected a matcher that is a name, a|b or a regular expression, but got "${matcher}" (${messageOf(error)})`;
  }
  return (name) => pattern.test(name);
}
