/** What the sub-agents of a kernel share. */

import type { Host } from '../../core/index.ts';
import type { Bounds, Ledger, Places } from './ledger.ts';
import type { Role, Roles } from './role.ts';

/** A turn that has sub-agents, and what those below it share. */
export interface Turn {
  readonly id: string;
  readonly ledger: Ledger;
  /** 0 is a turn that nobody's `task` started. */
  readonly depth: number;
  readonly places: Places;
}

/** A sub-agent that is at work. */
export interface Working {
  readonly role: Role | undefined;
  readonly ledger: Ledger;
  readonly depth: number;
}

/** What the sub-agents of a kernel share. */
export interface Crew {
  readonly host: Host;
  readonly bounds: Bounds;
  readonly readRoles: () => Promise<Roles>;
  /** By thread. */
  readonly working: Map<string, Working>;
  /** By thread, of its last turn. */
  readonly turns: Map<string, Turn>;
}

/** The arguments of `task`. */
export interface TaskArgs {
  readonly prompt: string;
  readonly agent?: string | null;
  readonly model?: string | null;
  readonly tools?: readonly string[] | null;
}
