/** What users have run themselves in a thread, for its model to know with its next step. */

import { type Appended, type Host, prompts } from '../../core/index.ts';

/** A command of the user's that has ended. */
export interface ShellNote {
  readonly command: string;
  readonly output: string;
  readonly exitCode: number;
}

export interface ShellNotes {
  readonly add: (thread: string, note: ShellNote) => void;
}

/** Of the output, the model is shown so many characters from the beginning and from the end. */
const shownHalf = 8000;

/** Adds the prompt source that tells of them. */
export function shellNotes(host: Host): ShellNotes {
  const waiting = new Map<string, ShellNote[]>();
  host.add(prompts, {
    name: 'user-shell',
    stability: 'turn',
    read: ({ thread }) => {
      const notes = waiting.get(thread) ?? [];
      waiting.delete(thread);
      return notes.map(appended);
    },
  });
  host.scope.use(
    host.client.listen((event) => {
      if (event.type === 'thread/closed') waiting.delete(event.thread);
    }),
  );
  return {
    add: (thread, note) => void waiting.set(thread, [...(waiting.get(thread) ?? []), note]),
  };
}

function appended({ command, output, exitCode }: ShellNote): Appended {
  const text = `The user ran a command:\n$ ${command}\n${shown(output)}\n[exit code ${exitCode}]`;
  return { text, role: 'user', source: 'user shell command' };
}

function shown(output: string): string {
  const rest = output.length - 2 * shownHalf;
  if (rest <= 0) return output.trimEnd();
  const [head, tail] = [output.slice(0, shownHalf), output.slice(-shownHalf)];
  return `${head}\n[… ${rest} characters left out …]\n${tail}`.trimEnd();
}
