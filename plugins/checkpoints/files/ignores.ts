/** What `.gitignore` files leave out. The package `ignore` is loaded when there is the first of them. */

import type { Ignore } from 'ignore';
import { readFileSync } from 'node:fs';

/** Rules of one file, for paths below its folder. */
interface Rules {
  /** With a slash at its end. */
  readonly folder: string;
  readonly rules: Ignore;
}

/** Rules on the way down to a folder, the nearest last. */
export type RuleChain = readonly Rules[];
type MakeRules = () => Ignore;

/** Reads files with rules, each once for as long as its text stays the same. */
export class IgnoreFiles {
  #make: MakeRules | undefined;
  readonly #known = new Map<string, Readonly<{ text: string; rules: Ignore }>>();

  /** Loads what reads rules; before that, `add` has nothing to read them with. */
  async load(): Promise<void> {
    this.#make ??= (await import('ignore')).default;
  }

  /** The chain with the rules of this folder's file. */
  added(chain: RuleChain, folder: string): RuleChain {
    const name = `${folder}/.gitignore`;
    return this.withText(chain, folder, { name, text: textAt(name) });
  }

  /** The chain with rules that are written in a text; `name` tells texts apart. */
  withText(
    chain: RuleChain,
    folder: string,
    { name, text }: { readonly name: string; readonly text: string },
  ): RuleChain {
    if (this.#make === undefined || text.trim() === '') return chain;
    const known = this.#known.get(name);
    const rules = known?.text === text ? known.rules : this.#make().add(text);
    this.#known.set(name, { text, rules });
    return [...chain, { folder: `${folder}/`, rules }];
  }
}

/** Whether both are the same rules. */
export function isSameChain(one: RuleChain, other: RuleChain): boolean {
  return one.length === other.length && one.every(({ rules }, at) => rules === other[at]?.rules);
}

/** Whether the nearest rule that speaks of a path leaves it out. A folder's path ends with a slash. */
export function isIgnored(path: string, chain: RuleChain): boolean {
  for (const { folder, rules } of chain.toReversed()) {
    if (!path.startsWith(folder)) continue;
    const { ignored, unignored } = rules.test(path.slice(folder.length));
    if (ignored || unignored) return ignored;
  }
  return false;
}

function textAt(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
