/** What a turn is given: the prompt, images, and the schema of its answer. */

import { KernelError, messageOf } from '../../../core/index.ts';
import type { Client, Content, JsonSchema } from '../../../core/index.ts';
import { fitted } from '../view/fitted.ts';
import type { UserFiles } from './files.ts';
import type { ExecRequest } from './request.ts';

/** The input of a turn. */
export interface ExecInput {
  readonly content: readonly Content[];
  readonly outputSchema?: JsonSchema;
}

/** What is needed to gather it. */
interface Means {
  readonly files: UserFiles;
  readonly client: Client;
  readonly signal: AbortSignal;
}

/** Gathers it. Throws KernelError `invalid` naming the flag; rejects with the signal's reason on abort. */
export async function readInput(request: ExecRequest, means: Means): Promise<ExecInput> {
  const { files, signal } = means;
  const { outputSchema: schema, outputLastMessage: target, images } = request;
  if (target !== undefined) await named('--output-last-message', target, () => files.check(target));
  const outputSchema =
    schema === undefined
      ? {}
      : { outputSchema: await named('--output-schema', schema, () => readSchema(schema, files)) };
  const shown = images.map((path) => named('--image', path, () => readImage(path, means)));
  const content = (await Promise.all(shown)).flat();
  const prompt = request.prompt ?? (await readStdin(signal));
  if (prompt.trim() === '')
    throw new KernelError(
      'invalid',
      'expected a prompt, but it is empty: spindle exec "what to do"',
    );
  return { content: [{ type: 'text', text: prompt }, ...content], ...outputSchema };
}

/** Runs `get`; what it throws names the flag and the file. */
async function named<T>(flag: string, path: string, get: () => Promise<T>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    throw new KernelError('invalid', `${flag} ${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readSchema(path: string, files: UserFiles): Promise<JsonSchema> {
  const schema: unknown = JSON.parse(new TextDecoder().decode(await files.read(path)));
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
    return schema as JsonSchema; // a JSON object
  throw new KernelError('invalid', 'expected a JSON Schema, which is an object');
}

const imageTypes = [
  { mimeType: 'image/png', start: '89504e47' },
  { mimeType: 'image/jpeg', start: 'ffd8ff' },
  { mimeType: 'image/gif', start: '47494638' },
  { mimeType: 'image/webp', start: '52494646' },
] as const;

async function readImage(path: string, { files, ...means }: Means): Promise<readonly Content[]> {
  const bytes = Buffer.from(await files.read(path));
  const head = bytes.subarray(0, 4).toString('hex');
  const type = imageTypes.find(({ start }) => head.startsWith(start));
  if (type === undefined)
    throw new KernelError('invalid', 'expected an image of type PNG, JPEG, GIF or WebP');
  const { mimeType } = type;
  return fitted([{ type: 'image', data: bytes.toString('base64'), mimeType }], means);
}

/** All of stdin as text. Throws KernelError `invalid` when it is a terminal. */
async function readStdin(signal: AbortSignal): Promise<string> {
  // Not a static import, which costs every start 2 ms.
  if (process.getBuiltinModule('node:tty').isatty(0))
    throw new KernelError(
      'invalid',
      'expected a prompt: spindle exec "what to do", or a text on stdin',
    );
  const chunks: Uint8Array[] = [];
  await drainStdin(signal, (chunk) => chunks.push(chunk));
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Reads stdin to its end. Rejects with the signal's reason on abort; stdin is then let go. */
export async function drainStdin(
  signal: AbortSignal,
  take: (chunk: Uint8Array) => void = () => {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { stdin } = process;
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  stdin.on('data', take).on('end', resolve).on('error', reject);
  try {
    await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    stdin.off('data', take).off('end', resolve).off('error', reject);
    if (!stdin.readableEnded) stdin.destroy();
  }
}
