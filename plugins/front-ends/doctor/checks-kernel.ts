/** The checks that ask the kernel: its sandboxes, its model's host, its plugins. */

import { KernelError, messageOf } from '../../../core/index.ts';
import type { Client, Effects, Sandbox } from '../../../core/index.ts';
import { duration } from '../terminal/words.ts';
import type { Check, ChosenProvider, Machine } from './facts.ts';

/** A plugin whose start takes longer is worth a look. */
const slowMs = 100;
const reachMs = 3000;

/** How well commands can be confined: what the best sandbox says of itself, and what `prove` finds. */
export async function checkSandbox(
  sandboxes: readonly Sandbox[],
  prove?: Machine['prove'],
): Promise<readonly Check[]> {
  const name = 'sandbox';
  const probes = await Promise.all(
    sandboxes.map(async (sandbox) => ({ sandbox, name: sandbox.name, ...(await sandbox.probe()) })),
  );
  const best =
    probes.find(({ level }) => level === 'full') ?? probes.find(({ level }) => level === 'partial');
  const reasons = probes.flatMap((probe) =>
    probe.reasons.map((reason) => `${probe.name}: ${reason}`),
  );
  if (best !== undefined) {
    const proofs = prove === undefined ? [] : await proofsOf(best.sandbox, prove);
    const limits = best.reasons.length === 0 ? '' : ` (${best.reasons.join('; ')})`;
    if (best.level === 'full')
      return [
        { name, state: 'ok', message: `${best.name} confines commands fully${limits}` },
        ...proofs,
      ];
    const message = `${best.name} confines in part: ${reasons.join('; ')}`;
    return [{ name, state: 'warn', message }, ...proofs];
  }
  const why = reasons.length === 0 ? 'no sandbox is loaded' : reasons.join('; ');
  const message = `commands cannot be confined: ${why}`;
  const advice = 'they run only with --sandbox danger-full-access: best in a container';
  return [{ name, state: 'warn', message, advice }];
}

/** What was tried in it, each as held or not. */
async function proofsOf(
  sandbox: Sandbox,
  prove: NonNullable<Machine['prove']>,
): Promise<readonly Check[]> {
  const name = 'sandbox';
  try {
    return (await prove(sandbox)).map(({ name: what, held }): Check => {
      if (held) return { name, state: 'ok', message: `held: ${what}` };
      const advice = 'see docs/sandbox.md, and use a machine that you can lose';
      return { name, state: 'fail', message: `not held: ${what}`, advice };
    });
  } catch (error) {
    return [{ name, state: 'warn', message: `it was not tried: ${messageOf(error)}` }];
  }
}

/** The model that would answer, and whether its host can be reached. */
export async function checkProvider(
  { name: provider, model, baseURL, hasKey, error }: ChosenProvider,
  effects: Effects,
): Promise<readonly Check[]> {
  const name = 'model';
  if (provider === undefined)
    return [
      { name, state: 'fail', message: error ?? 'none is configured', advice: 'see docs/config.md' },
    ];
  const key = hasKey === undefined ? '' : hasKey ? ', a key is set' : ', no key is set';
  const message = `${provider} ${model ?? '(its own default)'}${key}`;
  const isReached = baseURL === undefined ? [] : [await reach(baseURL, effects)];
  return [{ name, state: 'ok', message }, ...isReached];
}

async function reach(baseURL: string, effects: Effects): Promise<Check> {
  const name = 'reach';
  const started = performance.now();
  try {
    const answer = await effects.fetch(`${baseURL}/models`, { timeoutMs: reachMs });
    for await (const _ of answer.body) break;
    const took = duration(performance.now() - started);
    return { name, state: 'ok', message: `${baseURL} answers (HTTP ${answer.status}, ${took})` };
  } catch (error) {
    const isDenied = error instanceof KernelError && error.code === 'denied';
    return {
      name,
      state: isDenied ? 'warn' : 'fail',
      message: `${baseURL}: ${messageOf(error)}`,
      ...(isDenied
        ? {}
        : { advice: 'check the base URL, the network, HTTPS_PROXY and NODE_EXTRA_CA_CERTS' }),
    };
  }
}

/** What the start of plugins cost, those that did not start, and what came up. */
export async function checkPlugins(client: Client): Promise<readonly Check[]> {
  const name = 'plugins';
  const { plugins, notices } = await client.request('kernel/describe', {});
  const total = plugins.reduce((sum, { setupMs }) => sum + setupMs, 0);
  const slow = plugins.filter(({ setupMs }) => setupMs > slowMs);
  const failed = plugins.filter(({ error }) => error !== undefined);
  return [
    { name, state: 'ok', message: `${plugins.length} started in ${duration(total)}` },
    ...slow.map((one): Check => ({
      name,
      state: 'warn',
      message: `${one.name} took ${duration(one.setupMs)} to start`,
      advice: 'leave it out in the configuration if you do not need it',
    })),
    ...failed.map((one): Check => ({
      name,
      state: 'warn',
      message: `${one.name} did not start: ${one.error?.message}`,
    })),
    ...notices.map(({ message }): Check => ({ name, state: 'warn', message })),
  ];
}
