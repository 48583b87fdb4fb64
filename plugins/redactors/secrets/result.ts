/** Secrets in what a tool gives. */

import type { Content, Redactor, ToolResult } from '../../../core/index.ts';

/** The same result with its texts clean; what it cannot take for a text it leaves to the thread. */
export function redactResult(result: ToolResult, redact: Redactor): ToolResult {
  // A tool that breaks its contract is the kernel's to tell.
  if (!Array.isArray(result?.content)) return result;
  return { ...result, content: result.content.map((one: Content) => redactContent(one, redact)) };
}

function redactContent(content: Content, redact: Redactor): Content {
  if (content?.type === 'text') return { ...content, text: redact(content.text) };
  if (content?.type !== 'resource') return content;
  const { resource } = content;
  const { text } = resource;
  return text === undefined
    ? content
    : { ...content, resource: { ...resource, text: redact(text) } };
}
