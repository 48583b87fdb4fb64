/** Threads, as the wire has them. */

import { textOf } from '../../../../core/index.ts';
import type {
  Client,
  Item,
  Settings,
  ThreadInfo,
  ThreadItem,
  ThreadSummary,
} from '../../../../core/index.ts';
import { secondsOf } from '../items/end.ts';
import { type History, historyOf } from '../items/history.ts';
import { reviewLabelOf } from '../items/review.ts';
import { profileIds, sandboxPolicyOf } from '../items/settings.ts';
import { statusOf } from '../items/status.ts';
import type { ThreadInForce, WireThread, WireTurn } from '../schemas/thread.ts';
import type { Server } from '../session.ts';

/** A thread, read whole. */
export interface ReadThread extends History {
  readonly id: string;
  readonly items: readonly Item[];
  /** The ordinal of the last item. */
  readonly last: number;
  /** When it is loaded. */
  readonly info?: ThreadInfo | undefined;
}

/** Reads a thread, loaded or not. Throws `not_found`. */
export async function readThread(
  client: Client,
  id: string,
  info?: ThreadInfo,
): Promise<ReadThread> {
  const { items, last } = await client.request('thread/read', { thread: id });
  return { id, items, last, info, ...historyOf(id, items) };
}

/** The threads that are loaded, by id. */
export async function loadedThreads(client: Client): Promise<ReadonlyMap<string, ThreadInfo>> {
  const { threads } = await client.request('kernel/describe', {});
  return new Map(threads.map((info) => [info.id, info]));
}

/** Members that are the same in all threads here. */
const always = {
  attachedToThreadId: null,
  historyMode: 'legacy',
  path: null,
  source: 'appServer',
  threadSource: null,
  canAcceptDirectInput: true,
  agentNickname: null,
  agentRole: null,
  gitInfo: null,
  environments: null,
  extra: null,
  section: null,
  sectionEnteredAt: null,
  projectId: null,
  daybreakEnabled: null,
  originator: null,
} as const;

const previewLength = 200;

/** With these turns. */
export function wireThread(
  read: ReadThread,
  server: Server,
  turns: readonly WireTurn[],
): WireThread {
  const { id, items, info, translation } = read;
  const first = items[0] as ThreadItem & Item; // that every thread begins with
  const { settings } = translation;
  return {
    ...always,
    id,
    sessionId: id,
    forkedFromId: first.fork?.thread ?? null,
    parentThreadId: first.parent?.thread ?? null,
    preview: previewOf(items),
    name: nameOf(items) ?? null,
    ephemeral: info?.ephemeral ?? false,
    modelProvider: settings.provider,
    model: translation.model(),
    reasoningEffort: settings.effort ?? null,
    createdAt: secondsOf(first.at),
    updatedAt: secondsOf((items.at(-1) ?? first).at),
    recencyAt: null,
    status: statusOfInfo(info),
    cwd: settings.cwd,
    cliVersion: server.options.version ?? '0',
    turns: [...turns],
  };
}

function statusOfInfo(info: ThreadInfo | undefined): WireThread['status'] {
  return info === undefined ? { type: 'notLoaded' } : statusOf(info.status);
}

function previewOf(items: readonly Item[]): string {
  const said = items.find((item) => item.type === 'user');
  if (said?.type !== 'user') return '';
  const text = reviewLabelOf(said.clientId) ?? textOf(said.content);
  return text.replaceAll(/\s+/gu, ' ').trim().slice(0, previewLength);
}

function nameOf(items: readonly Item[]): string | undefined {
  const named = items.findLast((item) => item.type === 'meta' && item.name !== undefined);
  return named?.type === 'meta' ? named.name : undefined;
}

/** A stored thread as lists show it, without reading it whole; `settings` as far as they are known. */
export function listedThread(
  summary: ThreadSummary,
  server: Server,
  {
    info,
    settings,
  }: { readonly info?: ThreadInfo | undefined; readonly settings?: Settings | undefined },
): WireThread {
  const { id, name, cwd, preview, parent, createdMs, updatedMs } = summary;
  return {
    ...always,
    id,
    sessionId: id,
    forkedFromId: null,
    parentThreadId: parent ?? null,
    preview,
    name: name ?? null,
    ephemeral: false,
    modelProvider: settings?.provider ?? 'unknown',
    model: settings?.model ?? null,
    reasoningEffort: settings?.effort ?? null,
    createdAt: secondsOf(createdMs),
    updatedAt: secondsOf(updatedMs),
    recencyAt: secondsOf(updatedMs),
    status: statusOfInfo(info),
    cwd,
    cliVersion: server.options.version ?? '0',
    turns: [],
  };
}

/** A thread with what is in force in it. `model`: the one that its provider takes. */
export function inForce(thread: WireThread, settings: Settings, model: string): ThreadInForce {
  const { provider, cwd, roots, approval, effort, sandbox } = settings;
  return {
    thread: { ...thread, model },
    model,
    modelProvider: provider,
    serviceTier: null,
    disabledPluginIds: [],
    cwd,
    runtimeWorkspaceRoots: [...roots],
    instructionSources: [],
    approvalPolicy: approval,
    approvalsReviewer: 'user',
    sandbox: sandboxPolicyOf(settings),
    activePermissionProfile: { id: profileIds[sandbox], extends: null },
    reasoningEffort: effort ?? null,
    multiAgentMode: 'explicitRequestOnly',
  };
}
