/** Questions of a sub-agent, asked where its parent is: whoever answers there, answers here. */

import { isDeepStrictEqual } from 'node:util';

import type { Answer, AnswerItem, Client, Question, QuestionItem } from '../../core/index.ts';

/** Where a sub-agent's questions come from and go to. */
export interface Passage {
  readonly client: Client;
  /** The thread of the sub-agent. */
  readonly child: string;
  /** The thread and the call that it works for. */
  readonly parent: string;
  readonly call: string;
}

/** Passes questions up and answers down. */
export class Questions {
  /** What was denied because nobody was there to ask. */
  readonly unanswered: Question[] = [];
  readonly #passage: Passage;
  readonly #open = new Map<string, Question>();

  constructor(passage: Passage) {
    this.#passage = passage;
  }

  /** Asks above, and hands down what is answered. What is answered below meanwhile counts. */
  async pass({ id, question }: QuestionItem): Promise<void> {
    const { client, child: thread, parent, call } = this.#passage;
    this.#open.set(id, question);
    const { by, ...answer } = await client.request('question/ask', {
      thread: parent,
      question,
      call,
    });
    if (!this.#open.delete(id)) return;
    const isAlone = by === 'nobody';
    if (isAlone) this.unanswered.push(question);
    const handed: Answer = isAlone ? { decision: 'deny', remark: aloneWith(question) } : answer;
    await client.request('question/answer', { thread, question: id, answer: handed });
  }

  /** An answer in the sub-agent's thread: when it was given there, the question above is done with too. */
  async settle({ question: id, answer }: AnswerItem): Promise<void> {
    const question = this.#open.get(id);
    if (question === undefined) return;
    this.#open.delete(id);
    const { client, parent: thread } = this.#passage;
    const { threads } = await client.request('kernel/describe', {});
    const open = threads.find((one) => one.id === thread)?.status.questions ?? [];
    const above = open.find((one) => isDeepStrictEqual(one.question, question));
    if (above !== undefined)
      await client.request('question/answer', { thread, question: above.id, answer });
  }
}

function aloneWith(question: Question): string {
  const reason = question.kind === 'approval/ask' ? `${question.reason}, and ` : '';
  return `${reason}nobody is there to ask`;
}
