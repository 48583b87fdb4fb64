/** Prompts for people in the host: a task, a reply, and the user's own skills and commands. */

import type { Client } from '../../../core/index.ts';
import type { Agent } from './agent.ts';
import type { CallContext } from './held-call.ts';
import type { ServedPrompt } from './served.ts';
import { threadIds } from './thread-resources.ts';

const say = (text: string) => ({
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text } }],
});

/** What there is now. */
export async function ownPrompts(
  agent: Agent,
  alone: CallContext,
): Promise<readonly ServedPrompt[]> {
  const [skills, commands] = await Promise.all([skillsOf(agent.client), commandsOf(agent.client)]);
  const isSkill = ({ name }: ServedPrompt) =>
    skills.some((skill) => skill.name === name.replace('command-', 'skill-'));
  const others = commands.filter((command) => !isSkill(command));
  return [taskPrompt(agent), replyPrompt(agent, alone), ...skills, ...others];
}

function taskPrompt(agent: Agent): ServedPrompt {
  return {
    name: 'spindle-task',
    title: 'Spindle: a task',
    description: 'Gives a coding task to the Spindle agent.',
    arguments: [
      { name: 'task', description: 'What to do', required: true },
      { name: 'path', description: 'The file or folder that it is about' },
    ],
    get: async ({ task = '', path }) => {
      const about = path === undefined ? '' : `\n\nIt is about ${path}.`;
      return say(
        `Use the tool spindle for this task, and tell me what came of it:\n\n${task}${about}`,
      );
    },
    complete: async (argument, value) => (argument === 'path' ? pathsOf(agent, value) : []),
  };
}

function replyPrompt(agent: Agent, alone: CallContext): ServedPrompt {
  return {
    name: 'spindle-reply',
    title: 'Spindle: go on',
    description: 'Goes on with a thread of the Spindle agent.',
    arguments: [
      { name: 'threadId', description: 'Which thread', required: true },
      { name: 'prompt', description: 'What to say', required: true },
    ],
    get: async ({ threadId = '', prompt = '' }) =>
      say(`Use the tool spindle-reply with threadId ${threadId} and this prompt:\n\n${prompt}`),
    complete: async (argument, value) =>
      argument === 'threadId' ? threadIds(agent, value, alone) : [],
  };
}

/** Files and folders below the start folder that fit. */
async function pathsOf({ client, bounds }: Agent, query: string): Promise<readonly string[]> {
  const found = await client.call('file/search', { query, roots: [bounds.cwd], limit: 100 });
  return (found as { readonly files: readonly { readonly path: string }[] }).files.map(
    ({ path }) => path,
  ); // as `workspace` answers
}

interface Named {
  readonly name: string;
  readonly description: string;
}

/** A request of a plugin that may not be there. */
async function asked<T>(client: Client, method: string, otherwise: T): Promise<T> {
  try {
    return (await client.call(method, {})) as T; // as its plugin answers
  } catch {
    return otherwise;
  }
}

/** Skills that count, as they are: the host's model follows them, or hands them on. */
async function skillsOf(client: Client): Promise<readonly ServedPrompt[]> {
  const nothing = { skills: [] as (Named & { readonly isTold: boolean })[] };
  const { skills } = await asked(client, 'skill/list', nothing);
  return skills.map(({ name, description }) => ({
    name: `skill-${name}`,
    title: `Skill: ${name}`,
    description,
    arguments: [{ name: 'task', description: 'What to use it for' }],
    get: async ({ task = '' }) => {
      const { body } = (await client.call('skill/read', { name })) as { readonly body: string }; // as `skills` answers
      return say(`Follow this skill.\n\n${body}\n\n${task}`.trimEnd());
    },
  }));
}

/** Commands of files; those of the program steer a thread, which a host does by its tools. */
async function commandsOf(client: Client): Promise<readonly ServedPrompt[]> {
  const nothing = { commands: [] as (Named & { readonly from: string })[] };
  const { commands } = await asked(client, 'command/list', nothing);
  return commands
    .filter(({ from }) => from !== 'plugin')
    .map(({ name, description }) => ({
      name: `command-${name.replaceAll(':', '-')}`,
      title: `Command: /${name}`,
      description,
      arguments: [{ name: 'argument', description: 'What stands behind its name' }],
      get: async ({ argument = '' }) =>
        say(`Use the tool spindle with exactly this prompt: ${`/${name} ${argument}`.trimEnd()}`),
    }));
}
