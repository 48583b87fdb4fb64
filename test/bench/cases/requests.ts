import { isDeepStrictEqual } from 'node:util';
import type { ModelRequest, RequestBody } from '../../fixtures/model-server.ts';
import type { Case } from '../case.ts';
import { runThread } from '../thread.ts';

/** What each request carries, and that the one before it is its beginning: what a provider's cache lives on. */
export const requests: Case = {
  name: 'requests',
  run: async (bench) => {
    const steps = bench.scale.longSteps;
    const { requests: sent } = await runThread(bench, 'spindle', { steps });
    const [first] = sent;
    if (first === undefined) throw new Error('expected requests, but none came');
    const instructions = Buffer.byteLength(JSON.stringify(first.json.instructions ?? ''));
    const tools = Buffer.byteLength(JSON.stringify(first.json.tools ?? []));
    const broken = breaks(sent);
    return [
      {
        what: 'tools and instructions of the default preset',
        value: tools + instructions,
        unit: 'bytes',
        target: 8192,
        from: `${tools} + ${instructions}`,
      },
      {
        what: `requests of ${sent.length} that do not begin with the one before`,
        value: broken,
        unit: '×',
        target: 0,
      },
    ];
  },
};

/** Requests with other instructions or tools than the one before, or whose input does not begin with its input. */
function breaks(sent: readonly ModelRequest[]): number {
  return sent.filter(({ json }, index) => {
    const before = sent[index - 1]?.json;
    return before !== undefined && !beginsWith(json, before);
  }).length;
}

function beginsWith(now: RequestBody, before: RequestBody): boolean {
  const { input = [] } = before;
  const start = now.input?.slice(0, input.length);
  const [fixed, earlier] = [now, before].map((body) => ({ ...body, input: undefined }));
  return input.length > 0 && isDeepStrictEqual(fixed, earlier) && isDeepStrictEqual(start, input);
}
