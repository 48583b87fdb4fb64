/** Which models a server offers, for those who name none. */

import { ModelError } from '../../../core/index.ts';
import type { ModelContext } from '../../../core/index.ts';
import { Exchange, type Question, readText } from './client.ts';

const maxListBytes = 4 * 1024 * 1024;
const maxNamed = 10;

/** The only model that can answer, of those that GET /models lists. Throws ModelError; `model_config` names them all. */
export async function onlyModel(
  question: Omit<Question, 'path' | 'body'>,
  context: ModelContext,
): Promise<string> {
  using sent = new Exchange({ ...question, path: '/models' }, context);
  const { host, address } = question.endpoint;
  try {
    const names = namesIn(await readText((await sent.send()).body, maxListBytes));
    const [only] = names;
    if (only !== undefined && names.length === 1) return only;
    const offered = names.length === 0 ? 'none' : names.slice(0, maxNamed).join(', ');
    throw new ModelError(
      'model_config',
      `no model is named, and ${host} offers ${offered}: pass --model NAME, or load one there (${address})`,
    );
  } catch (error) {
    throw sent.meaning(error);
  }
}

/** Names in a list of models; those that only embed texts cannot answer. What is no list names none. */
function namesIn(text: string): readonly string[] {
  const { data } = parsed(text);
  const ids = Array.isArray(data) ? data.map((one: unknown): unknown => Object(one).id) : [];
  return ids.filter((id): id is string => typeof id === 'string' && !/embed/iu.test(id));
}

function parsed(text: string): { readonly data?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
