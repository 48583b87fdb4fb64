/** The keys of the configuration: their types, who may set them, and how layers of the same key combine. */

import type { ApprovalMode, Limits, SandboxMode } from '../core/item.ts';
import type { Rule } from '../plugins/policies/rules/rule.ts';
import type { ConfigData, KeyPath } from './key-path.ts';

/** The effective configuration. Every key may be absent. */
export interface Config {
  /** A name in the models slot, or `auto`. */
  readonly provider?: string;
  readonly model?: string;
  readonly effort?: string;
  readonly sandbox?: SandboxMode;
  readonly approval?: ApprovalMode;
  readonly network?: boolean;
  /** What is allowed, asked for or denied; those of all layers count. */
  readonly rules?: readonly Rule[];
  /** Writable folders beside the workspace; relative ones are taken from the file that names them. */
  readonly roots?: readonly string[];
  readonly instructions?: string;
  readonly tools?: readonly string[];
  readonly limits?: Limits;
  readonly resultBytes?: number;
  /** Of a slot from which one value is chosen, the one to use. */
  readonly choose?: Choices;
  /** Fail rather than send a request that the provider's prompt cache cannot serve. */
  readonly strictCache?: boolean;
  /** Prices of models by the provider's name of them. */
  readonly prices?: Readonly<Record<string, Price>>;
  readonly plugins?: Readonly<Record<string, boolean | PluginEntry>>;
  /** Options of model plugins, by the plugin's name. */
  readonly providers?: Readonly<Record<string, ConfigData>>;
  /** Options of the plugin of that name. */
  readonly toolchain?: ConfigData;
  readonly mcpServers?: ConfigData;
  readonly hooks?: ConfigData;
  /** For editors; it has no meaning here. */
  readonly $schema?: string;
}

/** Names in the slots of the same names. */
type Choices = Readonly<Partial<Record<'machines' | 'stores' | 'sandboxes', string>>>;

/** For a million tokens; `cached` is for cached input, by default as `input`. */
interface Price {
  readonly input: number;
  readonly cached?: number;
  readonly output: number;
}

/** One plugin: what it is, its options, and its place. */
export interface PluginEntry {
  /** A built-in name, a path (`./…`, `/…`, `~/…`), or an npm package; absent: the entry's own name. */
  readonly use?: string;
  readonly options?: ConfigData;
  readonly order?: 'first' | 'last';
  /** Stands before or after the plugin of this name. */
  readonly before?: string;
  readonly after?: string;
  /** When it does not start: a notice instead of a failed start. */
  readonly optional?: boolean;
}

/** Who may set a key: `anyone`, or only the user (the user's file, flags, the environment, managed policy). */
export interface KeyRule {
  readonly from: 'anyone' | 'user';
  /** What it is, for the JSON Schema and the documentation. */
  readonly description: string;
  /** Of a managed value and another one (or the default), the narrower. Without it the managed value stands. */
  readonly narrower?: (managed: unknown, other: unknown) => unknown;
  /** The lists of all layers count, the strongest layer's first. */
  readonly isJoined?: true;
  /** What holds when nobody sets the key. */
  readonly fallback?: unknown;
}

/** From the narrowest to the widest. */
export const sandboxOrder: readonly unknown[] = [
  'read-only',
  'workspace-write',
  'danger-full-access',
];

function earlier(order: readonly unknown[]): (managed: unknown, other: unknown) => unknown {
  return (managed, other) => {
    const place = order.indexOf(other);
    return place >= 0 && place < order.indexOf(managed) ? other : managed;
  };
}

function smaller(managed: unknown, other: unknown): unknown {
  return typeof other === 'number' && typeof managed === 'number' && other < managed
    ? other
    : managed;
}

function common(managed: unknown, other: unknown): unknown {
  if (!Array.isArray(managed) || !Array.isArray(other)) return managed;
  return other.filter((one) => managed.includes(one));
}

function joined(managed: unknown, other: unknown): unknown {
  return [managed, other].flatMap((list): unknown[] => (Array.isArray(list) ? list : []));
}

/** The rule of every top-level key. */
export const keyRules: { readonly [K in Exclude<keyof Config, '$schema'>]-?: KeyRule } = {
  provider: {
    from: 'anyone',
    description: 'Which model plugin answers: its name, or "auto" (the default).',
    fallback: 'auto',
  },
  model: { from: 'anyone', description: "The provider's own name of the model." },
  effort: { from: 'anyone', description: 'How much the model thinks; the values are its own.' },
  sandbox: {
    from: 'anyone',
    description: 'What commands may do. Default: workspace-write.',
    narrower: earlier(sandboxOrder),
    fallback: 'workspace-write',
  },
  approval: {
    from: 'anyone',
    description: 'When a person is asked. Default: on-request.',
    fallback: 'on-request',
  },
  network: {
    from: 'anyone',
    description: 'Whether confined commands may use the network. Default: false.',
    narrower: (managed, other) => managed === true && other === true,
    fallback: false,
  },
  rules: {
    from: 'anyone',
    description:
      'What is allowed, asked for or denied: by command, path, tool, MCP server or domain. Rules of all layers count, the strictest wins.',
    narrower: joined,
    isJoined: true,
    fallback: [],
  },
  roots: {
    from: 'user',
    description: 'Folders in which files may be written, beside the workspace.',
    narrower: common,
    fallback: [],
  },
  instructions: { from: 'anyone', description: 'Your own words, added to the system text.' },
  tools: {
    from: 'anyone',
    description: 'The tools that the model is offered, by name. Default: all.',
    narrower: common,
  },
  limits: {
    from: 'anyone',
    description:
      'Bounds of one turn: model calls (default of exec: 500), wall time, tokens of input and output.',
    narrower: smaller,
  },
  resultBytes: {
    from: 'anyone',
    description: 'Bytes of a result that the model is shown; the rest is kept. Default: 32768.',
    narrower: smaller,
    fallback: 32_768,
  },
  choose: {
    from: 'user',
    description:
      'Which machine, store or sandbox to use, by slot: {"sandboxes": "container"}. Default: the first sandbox that confines fully, the first store, the first machine.',
  },
  strictCache: {
    from: 'anyone',
    description:
      "Fail rather than send what the model's prompt cache cannot serve. Default: false.",
    narrower: (managed, other) => managed === true || other === true,
    fallback: false,
  },
  prices: {
    from: 'anyone',
    description: 'What models cost for a million tokens: input, cached (input), output.',
  },
  plugins: {
    from: 'anyone',
    description:
      'Plugins by name: false leaves one out, true or an object adds, replaces or configures one.',
  },
  providers: {
    from: 'user',
    description: 'Options of the model plugins: base URL, key, headers, proxy, certificates.',
  },
  toolchain: {
    from: 'anyone',
    description: 'What this repository needs: tools and checks, declared as data.',
  },
  mcpServers: { from: 'anyone', description: 'MCP servers by name.' },
  hooks: {
    from: 'anyone',
    description: 'Commands that run at certain moments, as Claude Code has them. All layers count.',
  },
};

/** The rule of the key that a path leads into; `undefined` for a key that does not exist. */
export function ruleOf(path: KeyPath): KeyRule | undefined {
  const name = path[0] ?? '';
  return Object.hasOwn(keyRules, name)
    ? keyRules[name as keyof typeof keyRules] // just checked
    : undefined;
}
