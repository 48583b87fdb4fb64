/** Looks for model servers on this machine. Used only to help somebody who has configured none. */

import type { ClientRequest } from 'node:http';
import { isSection } from './key-path.ts';

/** The usual ports of Ollama, LM Studio, vLLM and llama.cpp. */
const usualPorts: readonly number[] = [11_434, 1234, 8000, 8080];

/** A model that a local server offers: the base URL of its OpenAI-compatible API, and the model's name. */
export interface LocalModel {
  readonly url: string;
  readonly model: string;
}

/** Asks all ports at once, for 300 ms at most. Gives a few models of each server; what does not answer is not there. */
export async function findLocalModels(
  ports: readonly number[] = usualPorts,
): Promise<readonly LocalModel[]> {
  const signal = AbortSignal.timeout(300);
  const found = await Promise.all(
    ports.map((port) => modelsAt(`http://127.0.0.1:${port}/v1`, signal)),
  );
  return found.flat();
}

async function modelsAt(url: string, signal: AbortSignal): Promise<readonly LocalModel[]> {
  try {
    const { data } = parseList(await getText(`${url}/models`, signal));
    return data.slice(0, 3).map((model) => ({ url, model }));
  } catch {
    return []; // nothing there, or something else
  }
}

function parseList(text: string): { readonly data: readonly string[] } {
  const list: unknown = JSON.parse(text);
  const data = isSection(list) && Array.isArray(list['data']) ? list['data'] : [];
  return { data: data.flatMap((one) => (isSection(one) && isPlain(one['id']) ? [one['id']] : [])) };
}

/** The name goes into a command line that is shown. */
function isPlain(id: unknown): id is string {
  return typeof id === 'string' && /^[\w.:/@+-]{1,120}$/.test(id);
}

const maxLength = 1_000_000;

function getText(url: string, signal: AbortSignal): Promise<string> {
  // Not imported: linking node:http costs 20 ms.
  const http = process.getBuiltinModule('node:http');
  return new Promise((resolve, reject) => {
    const request: ClientRequest = http.get(url, { signal }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > maxLength) request.destroy(new Error('too long'));
      });
      answer.on('end', () => resolve(text));
      answer.on('error', reject);
    });
    request.on('error', reject);
  });
}
