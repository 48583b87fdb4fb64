/** Takes secrets out of what threads, deltas and logs hold: by their shapes, and by values that are known. */

import {
  aroundTool,
  redactors,
  type AroundTool,
  type Plugin,
  type Redactor,
} from '../../core/index.ts';
import { redactResult } from './secrets/result.ts';
import { known, type KnownOptions } from './secrets/known.ts';
import { makeRedactor } from './secrets/redactor.ts';

export interface SecretsOptions extends KnownOptions {
  /** Further secrets, as regular expressions; the whole match is taken out. */
  readonly patterns?: readonly string[];
}

/** The schema of the options. */
export const options = async () => {
  const { z } = await import('zod');
  const pattern = z.string().refine(isPattern, {
    error: 'expected a regular expression (with the flag u) that does not match an empty text',
  });
  return z.strictObject({
    values: z.array(z.string().min(6)).optional().describe('texts that are secrets'),
    env: z.array(z.string().min(1)).optional().describe('variables whose values are secrets'),
    patterns: z.array(pattern).optional().describe('regular expressions of secrets'),
  });
};

function isPattern(text: string): boolean {
  try {
    return !new RegExp(text, 'u').test('');
  } catch {
    return false;
  }
}

/**
 * Adds one redactor. What it needs of the environment is read, and compiled, with the first text. Results of tools are
 * cleaned before anything else sees them: what is too long for the model is kept whole beside the thread.
 */
export default function secrets({ patterns = [], ...given }: SecretsOptions = {}): Plugin {
  return {
    name: 'secrets',
    api: 1,
    setup: (host) => {
      let made: Redactor | undefined;
      const redact: Redactor = (text) => {
        made ??= makeRedactor(known(given, process.env), patterns);
        return made(text);
      };
      host.add(redactors, redact);
      const clean: AroundTool = async (call, _on, next) => redactResult(await next(call), redact);
      host.add(aroundTool, clean, 'first');
    },
  };
}
