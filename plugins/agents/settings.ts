/** The settings of a sub-agent's thread. */

import { invalid, type Settings } from '../../core/index.ts';
import { type Role, sandboxes } from './role.ts';

/** What is wanted of a sub-agent, and what there is. */
export interface Wish {
  readonly role: Role | undefined;
  readonly model?: string | null;
  readonly tools?: readonly string[] | null;
  /** The names of all tools there are. */
  readonly all: readonly string[];
  /** The name of the tool that has sub-agents of its own, when it may not have it. */
  readonly without?: string;
}

/** Those of the parent's turn, all of them, with what role and call change; nothing of it is wider. Throws `invalid` when it would have no tool. */
export function settingsOf(parent: Settings, wish: Wish): Settings {
  const tools = toolsOf(parent, wish);
  const clientTools = parent.clientTools?.filter(({ name }) => tools?.includes(name) ?? true);
  return { ...parent, ...thinkingOf(parent, wish), ...sandboxOf(parent, wish), tools, clientTools };
}

/** Another provider has models and efforts of its own. */
function thinkingOf(parent: Settings, { role, model }: Wish) {
  const provider = role?.provider ?? parent.provider;
  const usual = provider === parent.provider ? parent : undefined;
  return {
    provider,
    model: model ?? role?.model ?? usual?.model,
    effort: role?.effort ?? usual?.effort,
  };
}

function sandboxOf({ sandbox }: Settings, { role }: Wish): Pick<Settings, 'sandbox'> {
  const wanted = role?.sandbox ?? sandbox;
  const isNarrower = sandboxes.indexOf(wanted) < sandboxes.indexOf(sandbox);
  return { sandbox: isNarrower ? wanted : sandbox };
}

/** The names of its tools; `undefined` when it has all of its parent's. */
function toolsOf(parent: Settings, wish: Wish): readonly string[] | undefined {
  const { role, all, without } = wish;
  const wanted = wish.tools ?? role?.tools;
  const lists = [parent.tools, role?.tools, wish.tools].filter((one) => one != null);
  if (lists.length === 0 && without === undefined) return undefined;
  const names = [...all, ...(parent.clientTools ?? []).map(({ name }) => name)];
  const isIn = (name: string) => lists.every((list) => list.includes(name));
  const offered = names.filter((name) => isIn(name) && name !== without);
  if (offered.length > 0 || wanted === undefined || wanted.length === 0) return offered;
  throw invalid`none of the tools ${wanted.join(', ')} is there for it; there are: ${names.join(', ')}`;
}
