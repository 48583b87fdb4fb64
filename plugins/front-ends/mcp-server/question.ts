/** The kernel's questions as MCP's elicitation, and what comes back as answers. */

import type { Answer, EffectData, JsonSchema, Question } from '../../../core/index.ts';
import type { Asking } from '../../offers/offers-slots.ts';
import type { HostAbilities } from './held-call.ts';
import { shown } from '../terminal/style.ts';

/** Whether a host can be asked by a form. One that names no mode can; one that only opens addresses cannot. */
export function canFillForms({ elicitation: announced }: HostAbilities): boolean {
  return announced !== undefined && ('form' in announced || !('url' in announced));
}

/** The elicitation for a question; `undefined` for one that this host cannot be asked. */
export function elicitationFor(question: Question): Asking | undefined {
  switch (question.kind) {
    case 'approval/ask':
      return elicitation(approvalText(question), { type: 'object', properties: {} });
    case 'input/ask':
      return isForm(question.schema)
        ? elicitation(inputText(question), question.schema)
        : undefined;
    case 'tool/call':
      return undefined;
  }
}

const elicitation = (message: string, requestedSchema: JsonSchema): Asking => ({
  method: 'elicitation/create',
  params: { message, requestedSchema },
});

/** Whoever asks is named, unless it is the agent itself: people take what they read here for its words. */
function inputText({ from, message }: Extract<Question, { kind: 'input/ask' }>): string {
  return shown(from === 'ask_user' ? message : `${from} asks: ${message}`);
}

/** MCP's forms are flat. */
function isForm({ type, properties }: JsonSchema): boolean {
  if (type !== 'object' || typeof properties !== 'object' || properties === null) return false;
  const types = Object.values(properties).map((one) => (one as JsonSchema)['type']); // JSON Schemas
  return types.every((one) => one !== 'object' && one !== undefined);
}

function approvalText({
  effect,
  reason,
  rule,
}: Extract<Question, { kind: 'approval/ask' }>): string {
  return [
    `Allow ${effectText(effect)}?`,
    `Why it is asked: ${shown(reason)} (rule: ${shown(rule)})`,
  ].join('\n');
}

/** An effect in words, exactly as it will happen: control and bidirectional characters are written out. */
export function effectText(effect: EffectData): string {
  const text = (name: string) => shown((effect[name] as string | undefined) ?? ''); // by its kind
  const { argv } = effect;
  const command = Array.isArray(argv) ? shown(argv.map(quoted).join(' ')) : '';
  const texts: Readonly<Record<string, string>> = {
    spawn: `the command in ${text('cwd')}${effect['confined'] === 'none' ? ', outside the sandbox' : ''}:\n${command}`,
    input: `input to ${command}:\n${text('data')}`,
    read: `reading ${text('path')}`,
    write: `${effect['remove'] === true ? 'removing' : 'writing'} ${text('path')}`,
    fetch: `${text('method')} ${text('url')}`,
    call: `the tool ${text('tool')} of ${text('server')} with ${shown(JSON.stringify(effect['args'] ?? {}))}`,
  };
  return texts[effect.kind] ?? shown(JSON.stringify(effect));
}

const quoted = (word: unknown): string =>
  /^[\w@%+=:,./-]+$/u.test(String(word))
    ? String(word)
    : `'${String(word).replaceAll("'", "'\\''")}'`;

/** What a host's reply says; whatever is not an acceptance declines. */
export function answerFrom(question: Question, reply: unknown): Answer {
  const { action, content } = Object(reply) as {
    readonly action?: unknown;
    readonly content?: unknown;
  }; // of a host
  const isAccepted = action === 'accept';
  if (question.kind !== 'approval/ask') return isAccepted ? { value: content ?? {} } : {};
  return { decision: isAccepted ? 'once' : 'deny' };
}
