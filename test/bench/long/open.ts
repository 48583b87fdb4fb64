/** `node open.ts FOLDER ID`: opens a stored thread as a resume does, and says how long that took in ms. */

import { createKernel } from '../../../core/index.ts';
import jsonl from '../../../plugins/stores/jsonl.ts';

const [directory = '', thread = ''] = process.argv.slice(2);
await using kernel = await createKernel({ plugins: [{ plugin: jsonl({ directory }) }] });
const client = kernel.client('bench');
const startedMs = performance.now();
await client.request('thread/resume', { thread });
console.log(performance.now() - startedMs);
