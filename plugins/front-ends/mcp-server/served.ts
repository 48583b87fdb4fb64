/** What is served beside tools: in the shapes in which plugins offer it (plugins/offers), and what gives it. */

import type {
  HostContent,
  HostMessage,
  HostPrompt,
  ListedResource,
} from '../../offers/offers-slots.ts';
import type { CallContext } from './held-call.ts';

/** A prompt as it is listed, and what gives its messages. */
export interface ServedPrompt extends Omit<HostPrompt, 'get' | 'complete'> {
  readonly get: (
    args: Readonly<Record<string, string>>,
    call: CallContext,
  ) => Promise<{ readonly messages: readonly HostMessage[] }>;
  /** Values for an argument that begin like this. */
  readonly complete?: (argument: string, value: string) => Promise<readonly string[]>;
}

/** Resources of one kind. */
export interface ServedResources {
  readonly list: () => Promise<readonly ListedResource[]>;
  /** `undefined`: it is not one of these. */
  readonly read: (uri: string, call: CallContext) => Promise<ServedContents | undefined>;
  /** Values for a variable of a template that begin like this; `given` are those of others. */
  readonly complete?: (
    variable: string,
    value: string,
    given: Readonly<Record<string, string>>,
  ) => Promise<readonly string[]>;
}

interface ServedContents {
  readonly contents: readonly (HostContent & { readonly uri: string })[];
}
