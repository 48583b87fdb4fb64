/** Long calls as tasks (MCP 2025-11-25, "Tasks"): answered at once, looked at later. The host asks for its result when it likes. */

import { randomUUID } from 'node:crypto';

import {
  ProtocolError,
  ProtocolErrorCode,
  RELATED_TASK_META_KEY,
  type CallToolResult,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

import type { HeldCall, HeldCalls, Link } from './held-call.ts';
import { linkOf } from './link.ts';

/** How long a task is kept after it was made, when its host does not say, and at most. */
const usualMs = 3_600_000;
const mostMs = 24 * usualMs;
const pollMs = 1000;
/** The most that are kept; the first to have been made is the first to go. */
const maxTasks = 200;

interface Task {
  readonly id: string;
  readonly call: HeldCall<CallToolResult>;
  /** What its maker is told by. */
  readonly link: Link;
  readonly createdMs: number;
  readonly ttl: number;
  updatedMs: number;
  status: 'working' | 'completed' | 'failed' | 'cancelled';
}

/** The tasks of all connections. */
export class Tasks {
  readonly #calls: HeldCalls;
  readonly #tasks = new Map<string, Task>();

  constructor(calls: HeldCalls) {
    this.#calls = calls;
  }

  /** Keeps a call as a task. `linkFor` gives what is there for it by its `_meta`, with no request to carry it. */
  begin(
    call: HeldCall<CallToolResult>,
    { ttl = usualMs }: { readonly ttl?: number | undefined },
    linkFor: (meta: Readonly<Record<string, unknown>>) => Link,
  ) {
    this.#forget();
    const id = randomUUID();
    const link = linkFor(relatedTo(id));
    call.detach(link);
    const now = Date.now();
    const times = { createdMs: now, updatedMs: now, ttl: Math.min(ttl, mostMs) };
    const task: Task = { id, call: this.#calls.hold(call), link, status: 'working', ...times };
    this.#tasks.set(task.id, task);
    const end = (status: Task['status']) => {
      if (task.status === 'working') Object.assign(task, { status, updatedMs: Date.now() });
    };
    call.ended.then(
      ({ isError }) => end(isError === true ? 'failed' : 'completed'),
      () => end('failed'),
    );
    return this.show(task);
  }

  get(id: string): Task {
    this.#forget();
    const task = this.#tasks.get(id);
    if (task !== undefined) return task;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no task ${id}`);
  }

  list() {
    this.#forget();
    return [...this.#tasks.values()].map((task) => this.show(task));
  }

  /** Ends its call. Throws when it has ended. */
  cancel(id: string) {
    const task = this.get(id);
    if (task.status !== 'working')
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        `task ${id} has ended: ${task.status}`,
      );
    Object.assign(task, { status: 'cancelled', updatedMs: Date.now() });
    task.call.abort('the task was cancelled');
    return this.show(task);
  }

  /** As MCP shows a task. */
  show({ id, call, status, createdMs, updatedMs, ttl }: Task) {
    return {
      taskId: id,
      status: status === 'working' && call.isAsking ? 'input_required' : status,
      createdAt: new Date(createdMs).toISOString(),
      lastUpdatedAt: new Date(updatedMs).toISOString(),
      ttl,
      pollInterval: pollMs,
    };
  }

  #forget(): void {
    const over = [...this.#tasks.values()].filter(
      ({ createdMs, ttl }, at, all) => createdMs + ttl < Date.now() || at < all.length - maxTasks,
    );
    for (const { id, call } of over) {
      this.#tasks.delete(id);
      call.abort('its task was kept for as long as was asked for');
    }
  }
}

/** What stands in `_meta` of all that is about a task. */
const relatedTo = (taskId: string) => ({ [RELATED_TASK_META_KEY]: { taskId } });

const byId = z.looseObject({ taskId: z.string() });
const never = new AbortController().signal;

/** Answers what a host asks of tasks. */
export function serveTasks({ server }: McpServer, tasks: Tasks): void {
  server.setRequestHandler('tasks/get', { params: byId }, ({ taskId }) =>
    tasks.show(tasks.get(taskId)),
  );
  server.setRequestHandler('tasks/list', { params: z.looseObject({}).optional() }, () => ({
    tasks: tasks.list(),
  }));
  server.setRequestHandler('tasks/cancel', { params: byId }, ({ taskId }) => tasks.cancel(taskId));
  server.setRequestHandler('tasks/result', { params: byId }, async ({ taskId }, context) => {
    const result = await resultOf(tasks.get(taskId), context, server);
    return { ...result, _meta: { ...result._meta, ...relatedTo(taskId) } };
  });
}

/** Waits for it. What the call asks meanwhile goes to this host; the end of this request does not end the call. */
async function resultOf(
  { id, call, link: { progress } }: Task,
  context: ServerContext,
  server: McpServer['server'],
): Promise<CallToolResult> {
  const link = { ...linkOf(context, server, relatedTo(id)), progress, signal: never };
  for (;;) {
    const round = await call.round(link);
    if ('result' in round) return round.result;
    const replies = Object.entries(round.requests).map(async ([name, request]) => {
      return [name, await link.send?.(request, context.mcpReq.signal)] as const;
    });
    call.answer(Object.fromEntries(await Promise.all(replies)));
  }
}
