/** Process groups, and what of them a signal is for. */

import { readFileSync } from 'node:fs';

/** Sends a signal to all of the group that a process leads. What has ended gets none. */
export function signalGroup(leader: number | undefined, signal: NodeJS.Signals): void {
  if (leader === undefined) return;
  if (signal === 'SIGKILL') send(leader, 'SIGSTOP'); // it starts no more while we look
  const inner = namespaceBelow(leader);
  if (inner !== undefined && signal !== 'SIGKILL' && send(inner, signal)) return;
  // A namespace that has just been made is not bound to the sandbox's life yet, and would outlive it.
  if (inner !== undefined) end(inner);
  send(leader, signal);
}

/** Ends what is left of the group of a leader that has ended. */
export function endLeftovers(leader: number | undefined): void {
  if (leader !== undefined) send(leader, 'SIGKILL');
}

function end(first: number): void {
  try {
    process.kill(first, 'SIGKILL'); // takes its namespace along
  } catch {
    // it has ended
  }
}

function send(leader: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false; // the group has ended
  }
}

/**
 * A sandbox waits outside for what runs inside, and takes it along at once when it gets a signal. So one that lets
 * programs end by themselves goes inside: to the group of the first process of the namespace (pid_namespaces(7)).
 */
function namespaceBelow(leader: number): number | undefined {
  const children = textOf(`/proc/${leader}/task/${leader}/children`).split(' ').filter(Boolean);
  const first = children.find((child) =>
    /^NSpid:(\t\d+)+\t1$/m.test(textOf(`/proc/${child}/status`)),
  );
  return first === undefined ? undefined : Number(first);
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended, or there is no /proc here
  }
}
