/** Arguments of a call are checked against its tool's schema before the tool sees them. */

import { aroundTool, invalid, type Plugin, tools } from '../../core/index.ts';
import { faultIn } from './arguments/fault.ts';

/** Adds the check as the innermost wrapper, so that it sees what other wrappers made of the arguments. */
export default function checkArguments(): Plugin {
  return {
    name: 'arguments',
    api: 1,
    setup: (host) => {
      host.add(
        aroundTool,
        async (call, _context, next) => {
          const schema = host.get(tools).get(call.name)?.inputSchema ?? {};
          const fault = faultIn(call.args, schema, 'arguments');
          if (fault !== undefined) throw invalid`${call.name} was not run: ${fault}`;
          return next(call);
        },
        'last',
      );
    },
  };
}
