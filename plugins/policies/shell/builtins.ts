/** Commands of the shell itself, and others whose words alone do not say what will run. */

import type { Segment, Word } from './script.ts';

/** Reserved words; the grammar does not keep them from being commands, as `time {` shows. */
const reserved = new Set(
  'if then else elif fi case esac for select while until do done in function coproc { } !'.split(
    ' ',
  ),
);

/** Programs and builtins that run what they are given, or change what later words mean. */
const runners = new Set(
  [
    'eval source . exec trap alias unalias enable bind complete compgen compopt coproc fc history',
    'mapfile readarray let declare typeset getopts hash shopt',
    'su runuser parallel watch script entr strace ltrace flock chroot unshare nsenter',
    'systemd-run at batch expect socat dbus-run-session xvfb-run setarch fakeroot rlwrap',
  ].flatMap((names) => names.split(' ')),
);

/** What speaks against knowing what a command runs, if anything does. */
export function builtinDoubt({ words }: Segment): string | undefined {
  const [name, ...args] = words;
  if (name === undefined) return undefined;
  const { value } = name;
  if (value === undefined || value === '' || value.includes('='))
    return `the name of the command ${name.text} is not certain`;
  if (!name.isPlain) return `the name of the command ${name.text} is in quotes`;
  if (reserved.has(value)) return `"${value}" is not understood here`;
  if (runners.has(value)) return `${value} runs what it is given`;
  return argumentDoubt(value, args);
}

function argumentDoubt(name: string, args: readonly Word[]): string | undefined {
  const doubts = Object.hasOwn(argumentDoubts, name) ? argumentDoubts[name]?.(args) : undefined;
  return doubts === true ? `${name} may evaluate its arguments` : undefined;
}

/** Builtins that evaluate an index in a name, or change what later words mean. */
const argumentDoubts: Readonly<Record<string, (args: readonly Word[]) => boolean>> = {
  local: mayEvaluate,
  readonly: mayEvaluate,
  export: mayEvaluate,
  read: mayEvaluate,
  unset: mayEvaluate,
  wait: mayEvaluate,
  set: (args) => !args.every(({ value }) => setArgument.test(value ?? '?')),
  printf: (args) => !/^[^-]/.test(args[0]?.start ?? '-'),
  test: (args) => !isSafeTest(args),
  '[': (args) => !isSafeTest(args.slice(0, -1)),
};

function mayEvaluate(args: readonly Word[]): boolean {
  const isOpen = args.some(({ value, start }) => value === undefined && !/^\w+=/.test(start));
  return isOpen || args.some(({ text }) => text.includes('['));
}

const setArgument = /^(?:[-+][eux]*o?|pipefail|errexit|nounset|xtrace)$/;
const unary = /^-[bcdefghknprstuwxzGLNOS]$/;
const binary = /^(?:=|==|!=|<|>|-(?:eq|ne|lt|le|gt|ge|nt|ot|ef))$/;

/** Whether what is not certain can only be an operand. */
function isSafeTest(words: readonly Word[]): boolean {
  const [first, second, third, ...more] = words[0]?.value === '!' ? words.slice(1) : words;
  if (words.some(({ isMany }) => isMany)) return false;
  if (more.length > 0 || first === undefined)
    return words.every(({ value }) => value !== undefined && !/^-[vR]$/.test(value));
  if (second === undefined) return true;
  if (third === undefined) return unary.test(first.value ?? '');
  return binary.test(second.value ?? '');
}
