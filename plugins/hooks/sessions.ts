/** What hooks know of each thread while this kernel has it: its running turn, its calls, what waits to be told. */

import {
  KernelError,
  type Client,
  type Effects,
  type Host,
  type JsonSchema,
  type Notify,
  type Settings,
  type ToolCall,
  type TurnContext,
} from '../../core/index.ts';
import { combineAnswers, type HookAnswer, readAnswer } from './answer.ts';
import { runHook } from './command.ts';
import { compileMatcher } from './matcher.ts';
import type { Hook, HookEvent, HooksOptions } from './options.ts';

/** A text for the model, or for people, that waits for the next read of the prompt. */
export interface Waiting {
  readonly context: { readonly text: string; readonly from: string }[];
  readonly messages: string[];
}

/** One thread. */
export interface Session {
  readonly thread: string;
  /** The turn that runs through `aroundTurn`. */
  turn: TurnContext | undefined;
  settings: Settings;
  readonly isEphemeral: boolean;
  /** SessionStart has run. */
  isBegun: boolean;
  readonly isSubagent: boolean;
  readonly calls: Map<string, ToolCall>;
  /** Calls that a person has allowed for the whole thread. */
  readonly allowed: Set<string>;
  readonly waiting: Waiting;
  /** Tells people, once the running turn has read its prompt. */
  tell: Notify | undefined;
  /** Hooks of questions that still run. */
  readonly hearing: Set<Promise<unknown>>;
}

/** What happens, for the hooks of one moment. */
export interface Moment {
  readonly event: HookEvent;
  readonly session: Session;
  /** Beside what every hook is told. */
  readonly input: JsonSchema;
  /** What matchers are matched with; absent: they do not count. */
  readonly subject?: string;
  readonly signal?: AbortSignal;
}

interface CompiledGroup {
  readonly matches: (name: string) => boolean;
  readonly hooks: readonly Hook[];
}

/** The threads of one kernel, and the hooks that run for them. */
export class Sessions {
  readonly #host: Host;
  readonly #transcripts: string | undefined;
  readonly #groups: ReadonlyMap<string, readonly CompiledGroup[]>;
  readonly #sessions = new Map<string, Session>();

  /** Throws `invalid` for a matcher that is none. */
  constructor(host: Host, { events = {}, transcripts }: HooksOptions) {
    this.#host = host;
    this.#transcripts = transcripts;
    this.#groups = new Map(
      Object.entries(events).map(([event, groups]) => [
        event,
        groups.map(({ matcher, hooks }) => ({ matches: compileMatcher(matcher), hooks })),
      ]),
    );
  }

  /** The session of a thread that has had one, here. */
  get(thread: string): Session | undefined {
    return this.#sessions.get(thread);
  }

  /** The session of a thread; it is made on first sight. */
  async open(thread: string, client: Client, settings: Settings): Promise<Session> {
    const known = this.#sessions.get(thread);
    if (known !== undefined) return Object.assign(known, { settings });
    const [{ items }, { threads }] = await Promise.all([
      client.request('thread/read', { thread, limit: 1 }),
      client.request('kernel/describe', {}),
    ]);
    const [first] = items;
    const session: Session = {
      thread,
      turn: undefined,
      settings,
      isEphemeral: threads.find(({ id }) => id === thread)?.ephemeral ?? true,
      isBegun: false,
      isSubagent: first?.type === 'thread' && first.parent !== undefined,
      calls: new Map(),
      allowed: new Set(),
      waiting: { context: [], messages: [] },
      tell: undefined,
      hearing: new Set(),
    };
    this.#sessions.set(thread, session);
    return session;
  }

  /** Forgets a thread. */
  close(thread: string): Session | undefined {
    const session = this.#sessions.get(thread);
    this.#sessions.delete(thread);
    return session;
  }

  /** Whether any hook waits for this moment. */
  has(event: HookEvent): boolean {
    return (this.#groups.get(event)?.length ?? 0) > 0;
  }

  /** Runs all hooks of a moment, side by side; equal commands once. Throws only when the moment's signal is aborted. */
  async run(moment: Moment): Promise<HookAnswer> {
    const { event, session, input, signal } = moment;
    const hooks = this.#hooksOf(moment);
    if (hooks.length === 0) return {};
    const { cwd } = session.settings;
    const whole = { ...this.#common(moment), ...input };
    const answers = await Promise.all(
      hooks.map(async (hook) => {
        const on = { effects: this.#effects(session), cwd, signal, input: whole };
        return readAnswer(event, hook, await runHook(event, hook, on));
      }),
    );
    const answer = combineAnswers(answers);
    for (const text of answer.messages ?? []) {
      this.#host.log(text);
      tellPeople(session, text);
    }
    const context = answer.context ?? [];
    session.waiting.context.push(
      ...context.map(({ text, from }) => ({ text, from: `hook ${event}: ${from}` })),
    );
    return answer;
  }

  #hooksOf({ event, subject }: Moment): readonly Hook[] {
    const groups = this.#groups.get(event) ?? [];
    const meant = groups.filter(({ matches }) => subject === undefined || matches(subject));
    const byCommand = new Map<string, Hook>();
    for (const hook of meant.flatMap(({ hooks }) => hooks)) {
      // Of two equal commands the one that closes counts.
      if (byCommand.get(hook.command)?.onFailure !== 'block') byCommand.set(hook.command, hook);
    }
    return [...byCommand.values()];
  }

  /** As the turn's own hook, or, outside any turn, as this plugin. */
  #effects({ turn }: Session): Effects {
    return turn?.effects ?? this.#host.effects;
  }

  #common({ event, session }: Moment): JsonSchema {
    const { thread, settings, isEphemeral } = session;
    const isKept = this.#transcripts !== undefined && !isEphemeral;
    return {
      session_id: thread,
      transcript_path: isKept ? `${this.#transcripts}/${thread}.jsonl` : '',
      cwd: settings.cwd,
      permission_mode: permissionMode(settings),
      hook_event_name: event,
      model: settings.model ?? settings.provider,
    };
  }
}

/** The nearest of Claude Code's words for the settings. */
function permissionMode({ approval, sandbox }: Settings): string {
  if (approval !== 'never') return 'default';
  return sandbox === 'danger-full-access' ? 'bypassPermissions' : 'dontAsk';
}

/** Tells the user at once, or, before the turn has read its prompt, then. */
export function tellPeople({ tell, waiting }: Session, text: string): void {
  if (tell === undefined) waiting.messages.push(text);
  else tell('warning', text);
}

/** Ends a session's turn, without waiting for it: the caller is part of it. */
export function interrupt({ thread, turn }: Session, client: Client): void {
  client.request('turn/interrupt', { thread, turn: turn?.turn }).catch(() => {}); // it has ended
}

/** A no to the whole turn. */
export function refusal(event: HookEvent, reason: string): KernelError {
  return new KernelError('denied', `a ${event} hook blocked this: ${reason}`);
}
