import { KernelError, tools } from '../../core/index.ts';
import type { Plugin, Tool, ToolContext, ToolResult } from '../../core/index.ts';
import { fileType, size } from './file/type.ts';

/** What is read at most; the plugin `bounds` makes of it what model hosts take. */
const maxBytes = 30_000_000;

/** What models take. */
const shown: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/** `view_image` shows a picture to the model. Whether the model can see is for the model to say. */
export default function viewImage(): Plugin {
  return { name: 'view-image', api: 1, setup: (host) => void host.add(tools, tool) };
}

const tool: Tool = {
  name: 'view_image',
  description: 'Shows you an image file (PNG, JPEG, GIF, WebP).',
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string' } },
    required: ['path'],
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true },
  run: (args, context) => run(String(args['path']), context),
};

async function run(path: string, { effects }: ToolContext): Promise<ToolResult> {
  const bytes = await effects.read(path, { start: 0, end: maxBytes + 1 });
  const mimeType = fileType(bytes);
  if (mimeType === undefined || !shown.includes(mimeType)) {
    const found = mimeType ?? 'no known image';
    throw new KernelError(
      'invalid',
      `expected a PNG, JPEG, GIF or WebP image, but ${path} is ${found}: convert it first`,
    );
  }
  if (bytes.length > maxBytes) {
    const { bytes: all } = await effects.stat(path);
    throw new KernelError(
      'invalid',
      `expected an image of at most ${size(maxBytes)}, but ${path} has ${size(all)}: make a smaller copy first`,
    );
  }
  return {
    content: [{ type: 'image', data: Buffer.from(bytes).toString('base64'), mimeType }],
    detail: { path, mimeType, bytes: bytes.length },
  };
}
