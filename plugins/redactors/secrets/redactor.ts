/** One pass over a text for everything that is known and everything that has a shape. */

import type { Redactor } from '../../../core/index.ts';
import type { Known } from './known.ts';
import { shapes } from './shapes.ts';

/** A short word of small letters is the name of a type, a role, a mode or a tool: it never changes. */
const name = /^[a-z][a-z_/-]{0,23}$/;
/** A hash or an id as a whole. */
const id = /^(?:[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/**
 * The redactor. Each secret becomes `[redacted:KIND]`, the kind being that of its shape or the variable's name; what
 * stands before it stays, so that a text that grows keeps its beginning. What it made it leaves as it is.
 */
export function makeRedactor(known: readonly Known[], patterns: readonly string[]): Redactor {
  const values = known.map(({ kind, value }) => ({
    kind,
    before: '',
    secret: RegExp.escape(value),
  }));
  const all = [...values, ...shapes];
  const source = all.map(({ before = '', secret }) => `(${before})(${secret})`).join('|');
  const combined = new RegExp(source, 'g');
  const mark = (match: string, ...found: readonly (string | undefined)[]) => {
    const place = found.findIndex((group, index) => index % 2 === 1 && group !== undefined);
    return `${found[place - 1] ?? ''}[redacted:${all[(place - 1) / 2]?.kind ?? match.length}]`;
  };
  const own = patterns.map((pattern) => new RegExp(pattern, 'gu'));
  return (text) => {
    const clean = text.replace(combined, mark);
    const rest = own.length === 0 || id.test(text) ? [] : own;
    const done = rest.reduce((now, pattern) => now.replace(pattern, '[redacted:pattern]'), clean);
    return done === text || name.test(text) ? text : done;
  };
}
