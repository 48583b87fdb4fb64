/** What can be typed: commands and their flags, as one table. The parsers, the help and the completion are made of it. */

import { checkpointCommands } from './checkpoint-commands.ts';
import { contextCommands } from './context-commands.ts';
import { agentCommands } from './agent-commands.ts';
import { mcpCommands } from './mcp-commands.ts';
import { policyCommands } from './policy-commands.ts';
import { promptCommands } from './prompt-commands.ts';
import { serverCommands } from './server-commands.ts';
import { threadCommands } from './thread-commands.ts';

/** One flag. */
export interface Flag {
  /** Without dashes. */
  readonly name: string;
  readonly alias?: string;
  /** What the value is called in the help; a flag without it is on or off. */
  readonly value?: string;
  /** May be given several times. */
  readonly many?: true;
  readonly choices?: readonly string[];
  readonly isNumber?: true;
  readonly description: string;
  /** The key of the configuration that it sets, for this run. */
  readonly key?: string;
  /** The value is in seconds, the key in milliseconds. */
  readonly isSeconds?: true;
  /** For this program, not for the front end that runs the command. */
  readonly isOwn?: true;
  /** Other programs pass it; people need not know. */
  readonly isHidden?: true;
  /** On or off, and `--name=WORD` is the same as `--name WORD`. */
  readonly takesWord?: true;
}

/** One command. */
export interface Command {
  /** One word or two. */
  readonly name: string;
  /** What stands after the name, one line for each way to use it. */
  readonly usage: readonly string[];
  readonly description: string;
  readonly flags: readonly Flag[];
  /** The fewest and the most words beside flags. */
  readonly words: readonly [least: number, most: number];
  /** The front end that runs it; absent: this program does. */
  readonly frontEnd?: string;
}

/** Flags that other commands have too. */
export interface SharedFlags {
  readonly json: Flag;
  readonly last: Flag;
  readonly settings: readonly Flag[];
  readonly configuration: readonly Flag[];
}

const configuration: readonly Flag[] = [
  {
    name: 'cd',
    alias: 'C',
    value: 'FOLDER',
    description: 'Work in this folder.',
  },
  {
    name: 'config',
    alias: 'c',
    value: 'KEY=VALUE',
    many: true,
    description: 'Set a key of the configuration for this run.',
    isOwn: true,
  },
  {
    name: 'trust',
    description: "Let the repository's configuration and plugins count for this run.",
    isOwn: true,
  },
];

const settings: readonly Flag[] = [
  {
    name: 'provider',
    value: 'NAME',
    description: 'The model plugin that answers.',
    key: 'provider',
  },
  { name: 'model', alias: 'm', value: 'NAME', description: 'The model.', key: 'model' },
  { name: 'effort', value: 'LEVEL', description: 'How much the model thinks.', key: 'effort' },
  {
    name: 'sandbox',
    alias: 's',
    value: 'MODE',
    choices: ['read-only', 'workspace-write', 'danger-full-access'],
    description: 'What commands may do.',
    key: 'sandbox',
  },
  {
    name: 'approval',
    alias: 'a',
    value: 'MODE',
    choices: ['untrusted', 'on-request', 'never'],
    description: 'When a person is asked.',
    key: 'approval',
  },
  { name: 'network', description: 'Let confined commands use the network.', key: 'network' },
  {
    name: 'add-dir',
    value: 'FOLDER',
    many: true,
    description: 'Let files be written in this folder too.',
  },
];

/** For commands that open no thread: the folders come through the configuration. */
const addedRoots = settings
  .filter(({ name }) => name === 'add-dir')
  .map((flag): Flag => ({ ...flag, key: 'roots', isOwn: true }));

const exec: readonly Flag[] = [
  { name: 'json', description: 'Print events, one JSON object a line.' },
  { name: 'json-deltas', description: 'The same, with the text as it comes.' },
  {
    name: 'output-schema',
    value: 'FILE',
    description: 'The JSON Schema that the final answer follows.',
  },
  {
    name: 'output-last-message',
    alias: 'o',
    value: 'FILE',
    description: 'Write the final answer to this file too.',
  },
  { name: 'image', alias: 'i', value: 'FILE', many: true, description: 'Show the model an image.' },
  {
    name: 'max-steps',
    value: 'COUNT',
    isNumber: true,
    description: 'Stop after this many model calls. Default: 500.',
    key: 'limits.steps',
  },
  {
    name: 'timeout',
    value: 'SECONDS',
    isNumber: true,
    isSeconds: true,
    description: 'Stop after this time.',
    key: 'limits.timeoutMs',
  },
  {
    name: 'strict-cache',
    description: "Fail rather than send what the model's prompt cache cannot serve.",
    key: 'strictCache',
    isOwn: true,
  },
  { name: 'ephemeral', description: 'Keep the thread in memory only.' },
  { name: 'last', description: 'With resume: the last thread of this folder.' },
  {
    name: 'experimental-json',
    description: 'Events as @openai/codex-sdk reads them.',
    isHidden: true,
  },
  { name: 'skip-git-repo-check', description: 'No effect here.', isHidden: true },
  { name: 'thread-source', value: 'NAME', description: 'No effect here.', isHidden: true },
  { name: 'cyber-access-program', value: 'NAME', description: 'No effect here.', isHidden: true },
];

const json: Flag = { name: 'json', description: 'Print JSON.' };

const last: Flag = { name: 'last', description: 'The last thread of this folder.' };

const shared: SharedFlags = { json, last, settings, configuration };

/** All commands. */
export const commands: readonly Command[] = [
  {
    name: 'exec',
    usage: ['[PROMPT]', 'resume ID [PROMPT]', 'resume --last [PROMPT]'],
    description:
      'Do a task and print the answer. Without PROMPT, or with -, it is read from stdin.',
    flags: [...exec, ...settings, ...configuration],
    words: [0, 3],
    frontEnd: 'exec',
  },
  ...threadCommands(shared),
  ...serverCommands(shared),
  ...checkpointCommands(shared),
  ...contextCommands(shared),
  ...promptCommands(shared),
  ...policyCommands(shared),
  ...mcpCommands(shared),
  ...agentCommands(shared),
  {
    name: 'plugin list',
    usage: [''],
    description: 'Slot by slot what is in force, from which plugin and tier, and what each cost.',
    flags: [json, ...configuration],
    words: [0, 0],
    frontEnd: 'plugin',
  },
  {
    name: 'config show',
    usage: [''],
    description: 'Show the configuration in force and where each value is from.',
    flags: [json, ...settings, ...configuration],
    words: [0, 0],
  },
  {
    name: 'config explain',
    usage: ['KEY'],
    description: 'Show what every layer says of a key, and which one wins.',
    flags: [json, ...settings, ...configuration],
    words: [1, 1],
  },
  {
    name: 'config schema',
    usage: [''],
    description: 'Print the JSON Schema of configuration files.',
    flags: [],
    words: [0, 0],
  },
  {
    name: 'trust',
    usage: ['[FOLDER]'],
    description: "Let a repository's configuration and plugins count from now on.",
    flags: [{ name: 'revoke', description: 'Take it back.' }],
    words: [0, 1],
  },
  {
    name: 'audit verify',
    usage: ['[FILE]'],
    description: 'Find what was changed, removed or moved in the record of decisions.',
    flags: [json, ...configuration],
    words: [0, 1],
    frontEnd: 'audit',
  },
  {
    name: 'audit show',
    usage: [''],
    description: 'Show what was decided, and why.',
    flags: [
      json,
      { name: 'thread', value: 'ID', description: 'In this thread only.' },
      ...configuration,
    ],
    words: [0, 0],
    frontEnd: 'audit',
  },
  {
    name: 'doctor',
    usage: [''],
    description: 'Check that everything a task needs is there.',
    flags: [json, ...settings, ...configuration],
    words: [0, 0],
    frontEnd: 'doctor',
  },
  {
    name: 'sandbox',
    usage: ['-- COMMAND…'],
    description: 'Run a command as the commands of tasks run: in the sandbox.',
    flags: [
      ...settings.filter(({ name }) => name === 'sandbox' || name === 'network'),
      ...addedRoots,
      { name: 'explain', description: 'Show how it would be confined; run nothing.' },
      ...configuration,
    ],
    words: [1, Infinity],
    frontEnd: 'sandbox',
  },
  {
    name: 'completion',
    usage: [''],
    description: 'Print the completion script for your shell.',
    flags: [],
    words: [0, 0],
  },
];
