/**
 * What runs inside a sandbox beside a command that may reach some hosts: it listens on the sandbox's own loopback, and
 * carries each connection over one that it inherited. It has no power: what a connection may reach is decided outside.
 */

import { Multiplexer } from './multiplexer.ts';

/** How a command is to be started with the bridge: by this Node, with these arguments before the command's own. */
interface Bridge {
  readonly program: string;
  readonly args: readonly string[];
}

/** Variables that would act on the bridge itself; they are given to the command alone. */
const nodeVariable = /^NODE_/;

/** The bridge over the connection that is inherited as `descriptor`, and the environment that it starts with. */
export function bridgeOver(descriptor: number, env: Readonly<Record<string, string>>) {
  const all = Object.entries(env);
  const kept = Object.fromEntries(all.filter(([name]) => nodeVariable.test(name)));
  const rest = Object.fromEntries(all.filter(([name]) => !nodeVariable.test(name)));
  const text = `(${String(carryAll)})(${String(Multiplexer)}, process.argv.slice(1))`;
  const args = ['-e', text, '--', String(descriptor), JSON.stringify(kept)];
  const bridge: Bridge = { program: process.execPath, args };
  return { bridge, env: rest };
}

/** Runs inside, as text: it may use nothing but Node and its arguments. */
function carryAll(
  Carrier: typeof Multiplexer,
  [descriptor = '', kept = '{}', program = '', ...args]: readonly string[],
): void {
  const net = process.getBuiltinModule('node:net');
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { constants } = process.getBuiltinModule('node:os');
  const link = new net.Socket({ fd: Number(descriptor), readable: true, writable: true });
  const streams = new Carrier(link, {
    told: (text) => void process.stderr.write(`spindle: ${text}\n`),
    closed: () => void server.close(),
  });
  const server = net.createServer({ allowHalfOpen: true }, (socket) => streams.open(socket));
  const end = (code: number) => {
    process.exitCode = code;
    streams.close();
  };
  const start = () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const url = `http://127.0.0.1:${port}`;
    const local = 'localhost,127.0.0.1,::1';
    const env: Record<string, string | undefined> = { ...process.env, ...JSON.parse(kept) };
    for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'])
      env[name] = env[name.toLowerCase()] = url;
    Object.assign(env, { NO_PROXY: local, no_proxy: local, NODE_USE_ENV_PROXY: '1' });
    const child = spawn(program, args, { env, stdio: 'inherit' });
    child.once('error', (error) => {
      process.stderr.write(`${error.message}\n`);
      end(127);
    });
    child.once('exit', (code, signal) =>
      end(code ?? 128 + (signal ? constants.signals[signal] : 0)),
    );
  };
  // They are for the command, which gets them as well: the bridge ends with it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => {});
  server.listen(0, '127.0.0.1', start);
}
