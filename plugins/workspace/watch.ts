/** Files are watched by a small program of its own, in the sandbox as all are. */

import { KernelError, type RequestContext, type RequestHandler } from '../../core/index.ts';
import { request, text } from './request.ts';
import { type Running, RunningCommands } from './running.ts';

/** Tells of changes as lines of JSON, at most some ten times a second: first that it watches, then lists of paths. */
const program = `
const { watch, statSync } = require('node:fs');
const { join } = require('node:path');
const [path] = process.argv.slice(1);
const isFolder = statSync(path).isDirectory();
let changed = new Set();
let timer;
const tell = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
const flush = () => { timer = undefined; tell([...changed]); changed = new Set(); };
watch(path, { recursive: isFolder }, (_event, name) => {
  changed.add(isFolder && name !== null ? join(path, String(name)) : path);
  timer ??= setTimeout(flush, 80);
});
tell([]);
`;

/**
 * `fs/watch` {path, watchId} runs until its signal aborts or `fs/unwatch`; `fs/watch/changes` {watchId} gives the paths that
 * changed since it was asked last, and waits for some: {paths, isOver}. Its first answer, without paths, says that it watches.
 */
export function watchRequests(): readonly RequestHandler[] {
  const watching = new RunningCommands();
  const find = (id: string, { client }: RequestContext) => watching.get(client.name, id);
  return [
    request('fs/watch', { path: text, watchId: text }, async (params, context) => {
      const path = params.text('path');
      using own = watching.add(context.client.name, params.text('watchId'));
      const { path: real } = await context.effects.stat(path);
      let errors = '';
      let begun = '';
      const decoder = new TextDecoder();
      const child = await context.effects.spawn({
        argv: [process.execPath, '-e', program, real],
        onOutput: (bytes, stream) => {
          if (stream === 'stdout')
            begun = pushLines(own, begun + decoder.decode(bytes, { stream: true }));
          else errors = (errors + Buffer.from(bytes).toString()).slice(0, 2000);
        },
      });
      own.begin(child);
      const { code, signal } = await child.exited;
      if (signal === null && code !== 0)
        throw new KernelError('invalid', `cannot watch ${path}: ${errors.trim()}`);
      return {};
    }),

    request('fs/watch/changes', { watchId: text }, async (params, context) => {
      const { pieces, isOver } = await find(params.text('watchId'), context).output.take(
        context.signal,
      );
      const lines = pieces.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
      const paths = lines
        .split('\n')
        .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as string[]))); // as the program writes it
      return { paths: [...new Set(paths)], isOver };
    }),

    request('fs/unwatch', { watchId: text }, async (params, context) => {
      (await find(params.text('watchId'), context).started).kill();
      return {};
    }),
  ];
}

/** Hands on whole lines, and gives what has begun of the next. */
function pushLines({ output }: Running, said: string): string {
  const end = said.lastIndexOf('\n') + 1;
  if (end > 0)
    output.push({ stream: 'stdout', bytes: Buffer.from(said.slice(0, end)), isLast: false });
  return said.slice(end);
}
