import { tools } from '../../core/index.ts';
import type { Plugin, Tool } from '../../core/index.ts';

/**
 * `apply_patch` changes files by the patch format of Codex, all or nothing. Its `detail` is
 * `{ changes: [{ path, kind, to?, diff, isCut? }] }` with absolute paths, kind `add`, `delete`, `update` or `move`, and
 * unified diffs.
 */
export default function applyPatch(): Plugin {
  return { name: 'apply-patch', api: 1, setup: (host) => void host.add(tools, tool) };
}

const tool: Tool = {
  name: 'apply_patch',
  description: `Edits files, all or nothing. Format:
*** Begin Patch
*** Update File: path
*** Move to: path (optional)
@@ enclosing line, such as a function's (optional)
 context
-old
+new
*** End of File (optional: the chunk ends the file)
*** Add File: path
+line
*** Delete File: path
*** End Patch
Three lines of context around each change, more when they are not unique.`,
  inputSchema: {
    type: 'object',
    properties: { patch: { type: 'string' } },
    required: ['patch'],
    additionalProperties: false,
  },
  annotations: { destructiveHint: true },
  // Loaded when first used: a start has no time for it.
  run: async (args, context) => {
    const { runPatch } = await import('./patch/run.ts');
    return runPatch(String(args['patch']), context);
  },
};
