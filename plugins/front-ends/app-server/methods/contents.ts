/** What a user says on the wire, as the kernel takes it. */

import { extname } from 'node:path';
import type { z } from 'zod';

import type { Client, Content } from '../../../../core/index.ts';
import { mediaOf } from '../items/input.ts';
import { fitted } from '../../view/fitted.ts';
import type { userInputGiven } from '../schemas/values.ts';
import { RpcError } from '../session.ts';

type Given = z.infer<typeof userInputGiven>;

/** Local files are read as the client, through the gate. Throws RpcError -32602 with the path of what cannot be meant. */
export async function contentsOf(
  client: Client,
  input: readonly Given[],
): Promise<readonly Content[]> {
  const all = input.map((one, index) => contentOf(client, one, `input[${index}]`));
  return fitted(await Promise.all(all), { client });
}

async function contentOf(client: Client, given: Given, path: string): Promise<Content> {
  switch (given.type) {
    case 'text':
      return { type: 'text', text: given.text };
    case 'image':
    case 'audio':
      return mediaContent(given, path);
    case 'localImage':
    case 'localAudio':
      return {
        type: given.type === 'localImage' ? 'image' : 'audio',
        ...(await fileOf(client, given.path)),
      };
    case 'skill':
      return { type: 'text', text: `Use the skill "${given.name}" (${given.path}).` };
    case 'mention':
      return { type: 'resource_link', name: given.name, uri: uriOf(given.path) };
  }
}

function mediaContent(given: Extract<Given, { type: 'image' | 'audio' }>, path: string): Content {
  const media = mediaOf(given.url ?? '');
  if (media !== undefined) return { type: given.type, ...media };
  if (given.url != null && /^https?:/u.test(given.url))
    return { type: 'resource_link', name: given.type, uri: given.url };
  const at = `${path}.url`;
  const expected = `${at}: expected a data: URL in base64, or an http(s) address`;
  throw new RpcError('invalidParams', expected, { path: at });
}

const types: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.wav': 'audio/wav',
  '.mp3': 'audio/mpeg',
  '.m4a': 'audio/mp4',
  '.ogg': 'audio/ogg',
};

async function fileOf(client: Client, path: string): Promise<{ mimeType: string; data: string }> {
  const { dataBase64 } = (await client.call('fs/readFile', { path })) as { dataBase64: string }; // its result
  return { mimeType: types[extname(path).toLowerCase()] ?? 'image/png', data: dataBase64 };
}

const uriOf = (path: string) => (path.startsWith('/') ? `file://${encodeURI(path)}` : path);
