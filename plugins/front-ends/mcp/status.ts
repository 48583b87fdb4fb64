/** What the requests of the plugin `mcp` answer, as far as it is shown. */

/** One server. */
export interface ServerStatus {
  readonly state: 'configured' | 'starting' | 'ready' | 'failed';
  readonly why?: string;
  readonly startMs?: number;
  readonly type: string;
  readonly from: string;
  readonly tools: number;
  readonly changed: number;
  /** What the model calls those that new threads are offered as they are. */
  readonly offered: readonly string[];
  readonly resources: boolean;
  readonly prompts: readonly string[];
  readonly auth?: string;
  readonly title?: string;
  readonly protocol?: string;
  readonly confined?: string;
}

/** One tool; `name` is what the model calls it, when it may. */
export interface ToolStatus {
  readonly name: string | null;
  readonly tool: string;
  readonly description: string;
  readonly state: string;
}

/** A tool that was changed, line by line. */
export interface Difference {
  readonly tool: string;
  readonly lines: readonly string[];
}

/** A tool whose schema was made simpler for providers, and what is not in it. */
export interface Simplified {
  readonly name: string;
  readonly without: readonly string[];
}
