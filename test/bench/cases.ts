/** All cases, in the order of the table. */

import type { Bench, Case, Figure } from './case.ts';
import { appServer } from './cases/app-server.ts';
import { checkpointsCase } from './cases/checkpoints.ts';
import { deltas } from './cases/deltas.ts';
import { fileSearch } from './cases/file-search.ts';
import { firstRequest } from './cases/first-request.ts';
import { judging } from './cases/judging.ts';
import { longThread } from './cases/long-thread.ts';
import { servers } from './cases/servers.ts';
import { openThread } from './cases/open-thread.ts';
import { replay } from './cases/replay.ts';
import { requests } from './cases/requests.ts';
import { sandbox } from './cases/sandbox.ts';
import { step } from './cases/step.ts';
import { window } from './cases/window.ts';

const cases: readonly Case[] = [
  firstRequest,
  step,
  longThread,
  deltas,
  requests,
  sandbox,
  judging,
  servers,
  window,
  openThread,
  replay,
  checkpointsCase,
  appServer,
  fileSearch,
];

/** The cases of these names, or all when there are none. Throws for a name that is unknown. */
export function casesNamed(names: readonly string[]): readonly Case[] {
  const known = cases.map(({ name }) => name).join(', ');
  const find = (name: string) => {
    const found = cases.find((one) => one.name === name);
    if (found === undefined) throw new Error(`there is no case "${name}"; there are: ${known}`);
    return found;
  };
  return names.length === 0 ? cases : names.map(find);
}

/** Runs cases one after the other; `tell` hears the figures of each as they come. */
export async function runCases(
  chosen: readonly Case[],
  bench: Bench,
  tell: (one: Case, figures: readonly Figure[]) => void = () => {},
): Promise<readonly Figure[]> {
  const all: Figure[] = [];
  for (const one of chosen) {
    const figures = await one.run(bench);
    tell(one, figures);
    all.push(...figures);
  }
  return all;
}
