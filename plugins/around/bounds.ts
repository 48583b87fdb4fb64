/**
 * Bounds what a result, or an input, may hold beside text: images are scaled to what models look at, other data that is
 * too large gives way to a note, and the `detail` for front ends is cut. Text is capped by the kernel.
 */

import { aroundTool, requests } from '../../core/index.ts';
import type { Content, JsonSchema, Plugin, ToolResult } from '../../core/index.ts';
import { type ContentLimits, fitContent } from './bounds/content.ts';
import { fitDetail } from './bounds/detail.ts';
import { fitRequest } from './bounds/request.ts';

/** Options of `bounds`; the defaults are below what the model hosts that we know refuse. */
export interface BoundsOptions {
  /** The longer side of an image, in pixels. Default 2048. */
  readonly imageEdge?: number;
  /** Bytes of an image, and of other data that is no text, before base64. Default 3,750,000. */
  readonly dataBytes?: number;
  /** Images, and other such data, in one result or input. Default 20. */
  readonly dataCount?: number;
  /** Bytes of `detail` as JSON. Default 262,144. */
  readonly detailBytes?: number;
}

/** The schema of BoundsOptions. */
export const options = async () => {
  const { z } = await import('zod');
  const size = z.int().positive().optional();
  return z.strictObject({
    imageEdge: size.describe('the longer side of an image, in pixels'),
    dataBytes: size.describe('bytes of an image or of other data that is no text'),
    dataCount: size.describe('images and other data in one result or input'),
    detailBytes: size.describe('bytes of what a result tells front ends'),
  });
};

/** The outermost wrapper of tools, so that it sees what all others made of a result; and the request `content/fit`. */
export default function bounds(config: BoundsOptions = {}): Plugin {
  const { imageEdge: edge = 2048, dataBytes: bytes = 3_750_000, dataCount: count = 20 } = config;
  const limits: ContentLimits = { edge, bytes, count };
  return {
    name: 'bounds',
    api: 1,
    setup: (host) => {
      const until = (signal: AbortSignal) => AbortSignal.any([signal, host.signal]);
      const fit = (content: readonly Content[], signal: AbortSignal) =>
        fitContent(content, limits, until(signal));
      host.add(
        aroundTool,
        async (call, { signal }, next): Promise<ToolResult> => {
          const result = await next(call);
          const { content } = await fit(result.content, signal);
          return { ...result, content, detail: detailOf(result, config.detailBytes) };
        },
        'first',
      );
      host.add(requests, fitRequest(fit));
    },
  };
}

function detailOf({ detail }: ToolResult, maxBytes = 262_144): JsonSchema | undefined {
  return detail && fitDetail(detail, maxBytes);
}
