/** What a review is of, for people and for the model. */

import type { z } from 'zod';

import type { threadRequests } from '../schemas/thread-requests.ts';

type Target = z.infer<(typeof threadRequests)['review/start']['params']>['target'];

const how = [
  'Review the changes below as a careful colleague would. Do not change any file.',
  'Report only what the author would want to mend: bugs, missing cases, security, misleading names or texts.',
  'For each finding give the file, the line, how bad it is, and why. Say so when there is nothing to mend.',
].join(' ');

/** A label for people, and the words for the model. */
export function reviewOf(target: Target): { readonly label: string; readonly prompt: string } {
  const { label, look } = wordsOf(target);
  return { label, prompt: `${how}\n\n${look}` };
}

function wordsOf(target: Target): { readonly label: string; readonly look: string } {
  switch (target.type) {
    case 'uncommittedChanges':
      return {
        label: 'current changes',
        look: 'The changes are those not committed: staged, unstaged and untracked. Look with git status, git diff HEAD, and read new files.',
      };
    case 'baseBranch':
      return {
        label: `changes against '${target.branch}'`,
        look: `The changes are those since the branch left ${target.branch}: look with git diff $(git merge-base HEAD ${target.branch}).`,
      };
    case 'commit':
      return {
        label: `commit ${target.sha.slice(0, 7)}${target.title == null ? '' : `: ${target.title}`}`,
        look: `The changes are those of commit ${target.sha}: look with git show ${target.sha}.`,
      };
    case 'custom':
      return { label: target.instructions.slice(0, 80), look: target.instructions };
  }
}
