/** Calls are brought to what there is: the tool by its name, its arguments checked by its schema. */

import {
  aroundModel,
  aroundTool,
  invalid,
  type Plugin,
  type ToolResult,
  tools,
} from '../../core/index.ts';
import { faultIn } from './arguments/fault.ts';
import { namingTools } from './arguments/names.ts';

/**
 * Adds the check as the innermost wrapper, so that it sees what other wrappers made of the arguments; it also sees that
 * what the tool gives is a result.
 */
export default function checkArguments(): Plugin {
  return {
    name: 'arguments',
    api: 1,
    setup: (host) => {
      host.add(
        aroundModel,
        namingTools(() => [...host.get(tools).keys()]),
      );
      host.add(
        aroundTool,
        async (call, _context, next) => {
          const schema = host.get(tools).get(call.name)?.inputSchema ?? {};
          const fault = faultIn(call.args, schema, 'arguments');
          if (fault !== undefined) throw invalid`${call.name} was not run: ${fault}`;
          const result = await next(call);
          if (Array.isArray((result as Partial<ToolResult> | undefined)?.content)) return result;
          throw invalid`${call.name} gave no result: expected { content: [{ type: 'text', text }] } of its run, but got ${typeof result}`;
        },
        'last',
      );
    },
  };
}
