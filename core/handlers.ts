/** The kernel's own requests. */

import { pinsOf } from './compaction.ts';
import { conflict, invalid, KernelError, notFound } from './errors.ts';
import * as it from './item.ts';
import type { Method, Params, Result } from './protocol.ts';
import { isBusy, type Threads } from './threads.ts';
import { modelOf } from './turn.ts';

/** A handler, called under the client's name. */
type Handler<M extends Method> = (...call: Call<M>) => Promise<Result<M>> | Result<M>;
type Call<M extends Method> = [threads: Threads, params: Params<M>, client: string];

export const handlers: { readonly [M in Method]: Handler<M> } = {
  'thread/start': async (threads, { settings: given = {}, ephemeral, name, parent }, client) => {
    const { settings: usual } = threads.base;
    const settings = { ...usual, ...changesOf(usual, given) };
    const { id } = await threads.create({ settings, parent }, { ephemeral });
    return handlers['thread/update'](threads, { thread: id, name }, client);
  },
  'thread/resume': (...call) => handlers['thread/update'](...call),
  'thread/fork': async (threads, { thread: id, after, ephemeral }) => {
    const { items, blobs } = await threads.read(id);
    const [first, ...rest] = items.slice(0, (after ?? Infinity) + 1);
    if (first?.type !== 'thread' || !items[after ?? 0]) throw invalid`${id} has no item ${after}`;
    const birth = { settings: first.settings, fork: { thread: id, after: rest.length } };
    return (await threads.create(birth, { ephemeral, rest, blobs })).info();
  },
  'thread/list': (threads, query) => threads.base.store().list(query),
  'thread/read': async (threads, { thread, after = -1, limit = Infinity }) => {
    const { items } = await threads.read(thread);
    return { items: items.slice(after + 1, after + 1 + limit), last: items.length - 1 };
  },
  'thread/update': async (threads, { thread: id, settings, name, archived }) => {
    const thread = await threads.resume(id);
    const changes = settings && changesOf(thread.settings, settings);
    const [clean] = threads.base.registry.clean([name]); // text, unlike what else is called name
    if (changes) await thread.append([{ type: 'settings', changes }]);
    if ((clean ?? archived) !== undefined)
      await thread.append([{ type: 'meta', name: clean, archived }]);
    return thread.info();
  },
  'thread/window': (threads, { thread: id }) => {
    const { settings, window } = threads.get(id);
    const model = modelOf(threads.base.registry.get, settings);
    const pins = pinsOf(window.parts());
    const parts = window.weigh(model).map(({ part, text, tokens }) => {
      return { part, bytes: Buffer.byteLength(text), tokens, pinned: pins.has(part.n) };
    });
    return { provider: model.name, model: model.traits(settings).model, parts };
  },
  'thread/compact': async (threads, { thread: id, remark = '' }) => {
    const thread = threads.get(id, 'compact');
    const from = thread.items.length;
    threads.start(thread, { turn: it.newId(), input: [], how: 'start', compact: remark });
    await thread.running?.ended;
    const moved = thread.items.slice(from).findLast((item) => item.type === 'window');
    const end = thread.items.findLast((item) => item.type === 'end');
    const why = end?.error?.message ?? 'the turn was interrupted';
    if (moved === undefined) throw new KernelError('model_context', why);
    return { before: moved.before, after: moved.after };
  },
  'thread/revert': async (threads, { thread: id, turn, to: given }, client) => {
    const thread = threads.get(id, 'revert');
    const running = [...thread.processes.running.keys()].join(', ');
    if (running !== '') throw conflict`cannot revert while processes run: end ${running} first`;
    const found = thread.items.find((item) => item.type === 'turn' && item.id === turn);
    const { n: to } = found ?? thread.items[given ?? -1] ?? {};
    if (to === undefined) throw notFound`thread ${id} has no turn or ordinal ${turn ?? given}`;
    const move = { reason: 'revert', by: client, to, before: 0, after: 0 } as const;
    await thread.append([{ type: 'window', ...move }]);
    return thread.info();
  },
  'thread/close': (threads, { thread }) => threads.close(threads.get(thread)),
  'thread/remove': (threads, { thread }) => threads.remove(thread),
  'turn/start': (threads, { thread: id, settings: given, limits: own, ...said }) => {
    const thread = threads.get(id);
    if (said.input.length === 0) throw invalid`expected input with at least one content`;
    const turn = it.newId();
    const queued = isBusy(thread);
    const settings = given && changesOf(thread.settings, given);
    const limits = { ...threads.base.limits, ...own };
    threads.start(thread, { ...said, turn, how: queued ? 'queue' : 'start', settings, limits });
    return { turn, queued };
  },
  'turn/steer': (threads, { thread: id, turn: wanted, ...said }) => {
    const { running } = threads.get(id);
    const turn = running?.pending.turn ?? 'none';
    const isIt = running !== undefined && (wanted ?? turn) === turn;
    if (!isIt) throw conflict`expected ${wanted ?? 'a turn'} to run, but it is ${turn}`;
    running.steering.push({ ...said, how: 'steer' });
    return { turn };
  },
  'turn/interrupt': (threads, { thread, turn }) =>
    threads.get(thread).stop('interrupted by the user', turn),
  'question/answer': (threads, { thread, question, answer }, client) =>
    threads.get(thread).answer(question, answer, client),
  'question/ask': (threads, { thread, question, call }) => threads.get(thread).ask(question, call),
  'kernel/describe': (all) => ({ ...all.base.registry.describe(), threads: all.infos() }),
};

/** The changes that an override makes; another cwd takes the place of the former as a root. */
function changesOf(settings: it.Settings, given: Partial<it.Settings>): Partial<it.Settings> {
  const { cwd } = given;
  if (cwd === undefined || given.roots !== undefined) return given;
  const others = settings.roots.filter((root) => root !== settings.cwd && root !== cwd);
  return { ...given, roots: [cwd, ...others] };
}
