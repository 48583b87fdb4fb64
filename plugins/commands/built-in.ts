/** The commands that come with the program: what a user would otherwise have a front end for. */

import { invalid, type Command } from '../../core/index.ts';

/** Each works on the thread in which it is typed. */
export const builtInCommands: readonly Command[] = [
  {
    name: 'compact',
    description: 'Makes room in the window. [what to keep]',
    run: async (remark, client, thread) => {
      const { before, after } = await client.request('thread/compact', { thread, remark });
      return after < before
        ? `The window went from about ${before} tokens to ${after}.`
        : `There was no room to make: the window has about ${after} tokens.`;
    },
  },
  {
    name: 'fork',
    description: 'Copies this thread; the copy goes on by itself.',
    run: async (_argument, client, thread) => {
      const { id } = await client.request('thread/fork', { thread });
      return `Copied to thread ${id}.`;
    },
  },
  {
    name: 'rename',
    description: 'Names this thread. NAME',
    run: async (argument, client, thread) => {
      const name = needed(argument, '/rename NAME');
      await client.request('thread/update', { thread, name });
      return `This thread is called ${name}.`;
    },
  },
  {
    name: 'model',
    description: 'Takes another model from the next turn on. NAME',
    run: async (argument, client, thread) => {
      const model = needed(argument, '/model NAME');
      await client.request('thread/update', { thread, settings: { model } });
      return `The model is ${model} from the next turn on.`;
    },
  },
  {
    name: 'effort',
    description: 'How much the model thinks from the next turn on. LEVEL',
    run: async (argument, client, thread) => {
      const effort = needed(argument, '/effort LEVEL');
      await client.request('thread/update', { thread, settings: { effort } });
      return `The effort is ${effort} from the next turn on.`;
    },
  },
];

function needed(argument: string, usage: string): string {
  const text = argument.trim();
  if (text === '') throw invalid`expected ${usage}, but nothing follows`;
  return text;
}
