import { tools } from '../../core/index.ts';
import type { JsonSchema, Plugin, Tool, ToolContext, ToolResult } from '../../core/index.ts';

interface AskedQuestion {
  readonly question: string;
  readonly options?: readonly string[] | null;
}

/**
 * `ask_user` asks a person. The question `input/ask` carries a form in the flat JSON Schema of MCP's elicitation: `q1`,
 * `q2` … in order, with the options as `enum`, and beside each such choice a free `q1_other`. Its result has the answers
 * as `detail`, or how many were `unanswered` because nobody was there.
 */
export default function askUser(): Plugin {
  return { name: 'ask-user', api: 1, setup: (host) => void host.add(tools, tool) };
}

const tool: Tool = {
  name: 'ask_user',
  description: 'Asks the user, when you cannot find out or decide yourself. Nobody may be there.',
  inputSchema: {
    type: 'object',
    properties: {
      questions: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            question: { type: 'string' },
            options: { type: 'array', items: { type: 'string' } },
          },
          required: ['question'],
          additionalProperties: false,
        },
      },
    },
    required: ['questions'],
    additionalProperties: false,
  },
  // The kernel has checked the arguments against inputSchema.
  run: (args, context) => run(args['questions'] as readonly AskedQuestion[], context),
};

async function run(
  asked: readonly AskedQuestion[],
  { call, client }: ToolContext,
): Promise<ToolResult> {
  if (asked.length === 0) return goOn('expected at least one question, got none');
  const answer = await client.request('question/ask', {
    thread: call.thread,
    call: call.id,
    question: {
      kind: 'input/ask',
      message: asked.map((one) => one.question).join('\n'),
      schema: formOf(asked),
      from: call.name,
    },
  });
  if (answer.by === 'nobody')
    return { ...goOn('nobody is there to answer'), detail: { unanswered: asked.length } };
  if (typeof answer.value !== 'object' || answer.value === null)
    return goOn(
      `the user gave no answer${answer.remark === undefined ? '' : `, and said: ${answer.remark}`}`,
    );
  return answered(asked, answer.value, answer.remark);
}

/** An error that says how to go on. */
function goOn(why: string): ToolResult {
  const text = `${why}: go on without, choose what is safest, and say at the end what you assumed`;
  return { content: [{ type: 'text', text }], isError: true };
}

function formOf(asked: readonly AskedQuestion[]): JsonSchema {
  const fields = asked.flatMap(
    ({ question, options }, at): readonly (readonly [string, JsonSchema])[] => {
      const name = `q${at + 1}`;
      const field = { type: 'string', title: question };
      if (options == null || options.length === 0) return [[name, field]];
      return [
        [name, { ...field, enum: options }],
        [`${name}_other`, { type: 'string', title: 'Something else' }],
      ];
    },
  );
  return { type: 'object', properties: Object.fromEntries(fields) };
}

function answered(
  asked: readonly AskedQuestion[],
  value: object,
  remark: string | undefined,
): ToolResult {
  const answers = new Map<string, unknown>(Object.entries(value));
  const lines = asked.map(({ question }, at) => {
    const parts = [answers.get(`q${at + 1}`), answers.get(`q${at + 1}_other`)];
    const given = parts.filter((part) => part !== undefined && part !== '').map(String);
    return `${question}\n→ ${given.length === 0 ? '(no answer)' : given.join('; ')}`;
  });
  if (remark !== undefined) lines.push(`The user adds: ${remark}`);
  return { content: [{ type: 'text', text: lines.join('\n') }], detail: { answers: value } };
}
