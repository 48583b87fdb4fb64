/** What is served beside tools. */

import type { Content } from '../../../core/index.ts';
import type { CallContext } from './held-call.ts';

/** A prompt as it is listed, and what gives its messages. */
export interface ServedPrompt {
  readonly name: string;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly arguments?: readonly PromptArgument[] | undefined;
  readonly get: (
    args: Readonly<Record<string, string>>,
    call: CallContext,
  ) => Promise<PromptResult>;
  /** Values for an argument that begin like this. */
  readonly complete?: ((argument: string, value: string) => Promise<readonly string[]>) | undefined;
}
interface PromptArgument {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
}
interface PromptResult {
  readonly [name: string]: unknown;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: Content }[];
}

/** A resource with its URI, or many with a template (RFC 6570). */
export interface ListedResource {
  readonly uri?: string;
  readonly uriTemplate?: string;
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly mimeType?: string;
}

/** Resources of one kind. */
export interface ServedResources {
  readonly list: () => Promise<readonly ListedResource[]>;
  /** `undefined`: it is not one of these. */
  readonly read: (uri: string, call: CallContext) => Promise<ResourceResult | undefined>;
  /** Values for a variable of a template that begin like this; `given` are those of others. */
  readonly complete?: (
    variable: string,
    value: string,
    given: Readonly<Record<string, string>>,
  ) => Promise<readonly string[]>;
}
interface ResourceResult {
  readonly [name: string]: unknown;
  readonly contents: readonly {
    readonly uri: string;
    readonly mimeType?: string;
    readonly text?: string;
    readonly blob?: string;
  }[];
}
