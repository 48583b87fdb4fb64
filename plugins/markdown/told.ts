/** Prompt sources for a list that changes rarely: what has changed is told as a new list, and what was told stays. */

import type { Appended, Host, PromptContext, PromptSource } from '../../core/index.ts';

/** A list to tell, and what people should know of it. */
export interface Told {
  /** Empty: there is nothing to tell. */
  readonly text: string;
  /** Given as notices, each once as long as the program runs. */
  readonly warnings: readonly string[];
}

/** What is told under a name: `what` names the things, as in "The skills have changed". */
export interface TellOptions {
  readonly name: string;
  readonly what: string;
  readonly read: (context: PromptContext) => Promise<Told>;
}

/** The source, which is asked at the start of each turn. */
export function listSource(host: Host, { name, what, read }: TellOptions): PromptSource {
  /** What each thread was last told: a redactor may have changed what the window holds. */
  const told = new Map<string, string>();
  const warned = new Set<string>();
  host.scope.use(
    host.client.listen((event) => {
      if (event.type === 'thread/closed') told.delete(event.thread);
    }),
  );
  const give = (thread: string, text: string): readonly Appended[] => {
    told.set(thread, text);
    return [{ text, role: 'developer', source: name, pinned: true }];
  };
  const changed = (text: string) =>
    `The ${what} have changed. In place of the former list:\n${text}`;
  return {
    name,
    stability: 'thread',
    read: async (context) => {
      const { thread, own, notice } = context;
      const { text, warnings } = await read(context);
      for (const warning of warnings) {
        if (!warned.has(warning)) notice('warning', warning);
        warned.add(warning);
      }
      const last = own.at(-1)?.text;
      if (last === undefined) return text === '' ? [] : give(thread, text);
      const now = text === '' ? `There are no ${what} any more.` : text;
      const isTold = [now, changed(now)].some((one) => one === last || one === told.get(thread));
      return isTold ? [] : give(thread, changed(now));
    },
  };
}

/** What to tell people of a bad file. */
export const leftOut = (
  what: string,
  { path, line, reason }: { readonly path: string; readonly line: number; readonly reason: string },
) => `${what} left out: ${path}:${line}: ${reason}`;
