/** Names of tools as models write them. */

import type { AroundModel, ModelEvent } from '../../../core/index.ts';

/** Whose name a model may have meant: letters and digits alone count, and what some models put before it does not. */
const plain = (name: string) =>
  name
    .replace(/^(?:functions?|tools?)[.:/]/iu, '')
    .replaceAll(/[^\p{L}\d]/gu, '')
    .toLowerCase();

/** A call of a tool that is not there is one of the only tool whose name differs in case, dashes or a prefix. */
function meantBy(name: string, known: readonly string[]): string {
  if (known.includes(name)) return name;
  const meant = known.filter((one) => plain(one) === plain(name));
  return meant.length === 1 ? (meant[0] ?? name) : name;
}

/** Has the model call tools by the names they have. */
export function namingTools(known: () => readonly string[]): AroundModel {
  return async function* (request, context, next) {
    const clients = request.settings.clientTools?.map(({ name }) => name) ?? [];
    const named = (name: string) => meantBy(name, [...clients, ...known()]);
    for await (const event of next(request, context)) yield withName(event, named);
  };
}

function withName(event: ModelEvent, named: (name: string) => string): ModelEvent {
  if (event.type === 'delta' && event.name !== undefined)
    return { ...event, name: named(event.name) };
  if (event.type !== 'output' || event.output.type !== 'call') return event;
  return { ...event, output: { ...event.output, name: named(event.output.name) } };
}
