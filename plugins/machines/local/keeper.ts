/** Ends what this program leaves running when it is killed and can end nothing itself. */

import type { ChildProcess } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Reads which groups there are, as `+ 17` and `- 17`; at the end of its input, which is our end, it kills the rest. */
const script = `
groups=' '
while read -r change group; do
  case $change in
    +) groups="$groups$group " ;;
    -) groups="\${groups%% "$group" *} \${groups#* "$group" }" ;;
  esac
done
for group in $groups; do kill -9 "-$group"; done
`;

/** A shell that watches this program; it is started with the first process there is to end. */
export class Keeper implements Disposable {
  #child: ChildProcess | undefined;

  /** The group that this process leads does not outlive the program, until disposed. */
  add(leader: number | undefined): Disposable {
    if (leader === undefined || process.platform === 'win32') return { [Symbol.dispose]: () => {} };
    this.#tell(`+ ${leader}`);
    return { [Symbol.dispose]: () => this.#tell(`- ${leader}`) };
  }

  #tell(change: string): void {
    this.#child ??= start();
    this.#child.stdin?.write(`${change}\n`);
  }

  [Symbol.dispose](): void {
    this.#child?.stdin?.end();
  }
}

/** In a session of its own: what a terminal sends to the program's group does not reach it. */
function start(): ChildProcess {
  const { spawn } = process.getBuiltinModule('node:child_process');
  const env = { PATH: '/usr/bin:/bin' };
  const stdio = ['pipe', 'ignore', 'ignore'] as const;
  const child = spawn('sh', ['-c', script], { cwd: '/', env, detached: true, stdio: [...stdio] });
  child.on('error', () => {}); // without a shell only we end what we started
  child.unref();
  const input = child.stdin as Writable & { readonly unref?: () => void }; // a pipe
  input.on('error', () => {}); // it was killed
  input.unref?.();
  return child;
}
