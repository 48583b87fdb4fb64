/** What signals do to the program: the first asks it to end, within a second; the second ends it at once. */

const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

type SignalName = keyof typeof numbers;

/** Signals while it is in force. `signal` is aborted with the name of the first one as its reason. */
export interface Signals extends Disposable {
  readonly signal: AbortSignal;
  /** The exit code that says which signal came: 128 and its number; `undefined` when none did. */
  readonly exitCode: () => number | undefined;
}

/** How long what is asked to end may take. */
const graceMs = 1000;

/** Takes over SIGINT, SIGTERM and SIGHUP. `exit` is called when there is no more time. */
export function listenToSignals(exit: (code: number) => void): Signals {
  const controller = new AbortController();
  let code: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const names = Object.keys(numbers) as SignalName[]; // its own keys
  const listener = (name: NodeJS.Signals) => {
    if (code !== undefined) return exit(code);
    code = 128 + numbers[name as SignalName]; // one of those listened to
    timer = setTimeout(exit, graceMs, code).unref();
    controller.abort(name);
  };
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    exitCode: () => code,
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, listener);
      clearTimeout(timer);
    },
  };
}
