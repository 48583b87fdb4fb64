/** Forms for people: of a tool as short questions, of an MCP server as an elicitation. */

import type { Answer, JsonSchema, Question } from '../../../../core/index.ts';
import type { QuestionAnswer, QuestionParams } from '../schemas/questions.ts';
import type { Asking, Where } from './ask.ts';

type Form = Extract<Question, { kind: 'input/ask' }>;
type Asked = QuestionParams<'item/tool/requestUserInput'>['questions'][number];
type Answers = QuestionAnswer<'item/tool/requestUserInput'>['answers'];
type Json = QuestionParams<'item/tool/call'>['arguments'];

/** What is typed beside the options of field `q1` is `q1_other`. */
const other = '_other';

/** The fields of a form as questions. */
export function requestInput(where: Where, { schema }: Form): Asking {
  const fields = Object.entries(Object(schema['properties']) as Record<string, JsonSchema>);
  const names = new Set(fields.map(([name]) => name));
  const isExtra = (name: string) => name.endsWith(other) && names.has(name.slice(0, -other.length));
  const questions = fields
    .filter(([name]) => !isExtra(name))
    .map(([name, field]) => questionOf(name, field, names.has(name + other)));
  return {
    method: 'item/tool/requestUserInput',
    params: { ...where, isBlocking: true, autoResolutionMs: null, questions },
    answerOf: ({ answers }) => ({ value: valuesOf(answers, fields) }),
  };
}

function questionOf(id: string, field: JsonSchema, isOther: boolean): Asked {
  const { title, description, enum: values } = field;
  const question = [title, description].find((one) => typeof one === 'string') ?? id;
  const options = Array.isArray(values)
    ? values.map((value) => ({ label: String(value), description: '' }))
    : null;
  return { id, header: id, question, isOther, isSecret: field['format'] === 'password', options };
}

function valuesOf(
  answers: Answers,
  fields: readonly (readonly [string, JsonSchema])[],
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, { enum: options }] of fields) {
    const given = answers[name]?.answers ?? [];
    for (const answer of given) {
      const isFree = Array.isArray(options) && !options.includes(answer);
      values[isFree ? name + other : name] = answer;
    }
  }
  return values;
}

/** A form of an MCP server, or an address that it asks to open. */
export function elicit({ threadId, turnId }: Where, { from, message, schema }: Form): Asking {
  const where = {
    threadId,
    turnId: turnId === '' ? null : turnId,
    serverName: from.replace(/^MCP server /u, ''),
    _meta: null,
  };
  const { url, elicitationId } = schema;
  const params =
    typeof url === 'string'
      ? ({
          ...where,
          mode: 'url',
          message,
          url,
          elicitationId: typeof elicitationId === 'string' ? elicitationId : '',
        } as const)
      : ({ ...where, mode: 'form', message, requestedSchema: schema as Json } as const); // plain data
  return { method: 'mcpServer/elicitation/request', params, answerOf: elicited };
}

function elicited({ action, content }: QuestionAnswer<'mcpServer/elicitation/request'>): Answer {
  if (action === 'accept') return { value: content ?? {} };
  return { decision: 'deny', remark: action === 'cancel' ? 'cancelled' : 'declined' };
}
