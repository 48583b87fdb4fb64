/** The protocol as types, by method: nothing here is loaded when a program runs. */

import type { z } from 'zod';

import type { NotificationName, NotificationParams } from './notifications.ts';
import type { QuestionAnswer, QuestionName, QuestionParams } from './questions.ts';
import type { serverRequests } from './server-requests.ts';
import type { threadRequests } from './thread-requests.ts';
import type { worldRequests } from './world-requests.ts';

type Shapes = typeof threadRequests & typeof serverRequests & typeof worldRequests;

/** What clients ask: parameters and results. */
export type ClientRequests = {
  readonly [M in keyof Shapes]: {
    readonly params: z.input<Shapes[M]['params']>;
    readonly result: z.output<Shapes[M]['result']>;
  };
};
/** What the server tells. */
export type ServerNotifications = { readonly [M in NotificationName]: NotificationParams<M> };
/** What the server asks: parameters and answers. */
export type ServerRequests = {
  readonly [M in QuestionName]: {
    readonly params: QuestionParams<M>;
    readonly answer: QuestionAnswer<M>;
  };
};
