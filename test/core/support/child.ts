/**
 * A program around a kernel that its parent kills: `node child.ts DIRECTORY CWD REPLIES INPUT…`, where REPLIES is the
 * JSON of what the model answers. It takes one turn for each INPUT (the last one for ever, when that is `…`), and writes
 * each event of its thread on a line, and a line with each request's encoded parts.
 */

import { observers } from '../../../core/index.ts';
import { createKernel } from '../../../core/index.ts';
import { plugin, runTurn } from './thread.ts';
import { worldOf } from './world.ts';

/** A line that the program writes. */
export type Line =
  | { readonly type: 'item'; readonly n: number; readonly of: string }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'turn'; readonly requests: readonly (readonly string[])[] };

const [directory = '', cwd = '', replies = '[]', ...inputs] = process.argv.slice(2);
const say = (line: Line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const teller = plugin('teller', (host) => {
  host.add(observers, (event) => {
    if (event.type === 'item/appended') say({ type: 'item', n: event.item.n, of: event.item.type });
    if (event.type === 'item/delta') say({ type: 'delta', text: event.text });
  });
});
const { options, requests } = worldOf({
  directory,
  cwd,
  replies: JSON.parse(replies), // its parent wrote it
  plugins: [teller],
});
setInterval(() => {}, 1000); // it ends when it is killed
await using kernel = await createKernel(options);
const client = kernel.client('child');
const { id } = await client.request('thread/start', {});
using _answering = client.subscribe({ thread: id, answers: true });
for (let at = 0; at < inputs.length;) {
  if (inputs[at] !== '…') await runTurn(client, id, inputs[at++] ?? '');
  else await runTurn(client, id, 'and on');
  say({ type: 'turn', requests: requests.map(({ parts }) => parts.map(({ text }) => text)) });
}
