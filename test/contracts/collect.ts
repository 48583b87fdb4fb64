/** What a plugin adds, by slot, without a kernel: for contracts that are called directly. */

import type { Host, Plugin } from '../../core/index.ts';

/** Sets the plugin up with a host that only collects. */
export async function valuesOf(
  plugin: Plugin,
): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const values: Record<string, unknown[]> = {};
  const add: Host['add'] = (slot, value) => {
    (values[slot.name] ??= []).push(value);
    return { [Symbol.dispose]: () => {} };
  };
  // The plugins that are tested in this way use nothing else of the host.
  await plugin.setup({ add } as Host);
  return values;
}
