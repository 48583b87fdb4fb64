/** The plan of a turn, as the wire has it. */

import type { JsonSchema } from '../../../../core/index.ts';
import type { NotificationParams } from '../schemas/notifications.ts';

type Plan = Pick<NotificationParams<'turn/plan/updated'>, 'plan' | 'explanation'>;

const statuses = { pending: 'pending', in_progress: 'inProgress', completed: 'completed' } as const;

/** From the arguments of `update_plan`. */
export function planOf({ plan, explanation }: JsonSchema): Plan {
  const steps = Array.isArray(plan) ? plan : [];
  return {
    explanation: typeof explanation === 'string' ? explanation : null,
    plan: steps.map((one: { step?: unknown; status?: unknown }) => {
      const status = Object.hasOwn(statuses, String(one.status)) ? one.status : 'pending';
      return { step: String(one.step), status: statuses[status as keyof typeof statuses] }; // just checked
    }),
  };
}
