/** How the openai client is bundled: without what it never uses here, and without a look at the web's globals. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'rolldown';

const globals = fileURLToPath(import.meta.resolve('../plugins/models/wire/thin-globals.ts'));
const names = ['Headers', 'Response', 'FormData'].map((name) => `Thin${name} as ${name}`);
const prefix = `import { ${names.join(', ')} } from ${JSON.stringify(globals)};`;

/**
 * Of the package, Spindle uses the client's `buildRequest`. So the classes of its resources (`client.responses` and
 * the like) and the event streams of its helpers are left empty, which saves 5 ms at the first request. Within the
 * package alone thin classes take the place of the globals whose first use loads undici, which saves 20 ms and 9 MB.
 * test/config/build-openai.test.ts holds it to both.
 */
export const thinOpenai: Plugin = {
  name: 'thin-openai',
  load: {
    filter: { id: /node_modules\/openai\/(?:lib\/EventStream|resources\/.*)\.mjs$/ },
    handler: (id) => hollow(readFileSync(id, 'utf8')),
  },
  transform: {
    filter: { id: /node_modules\/openai\/.*\.mjs$/ },
    handler: (code) => `${prefix}\n${code.replaceAll('globalThis.ReadableStream', 'undefined')}`,
  },
};

/** A module with the same exports, of which its own are empty classes. */
function hollow(code: string): string {
  const passedOn = code.match(/^export (?:\*|\{[^}]*\})[^;]* from .*$/gm) ?? [];
  const declared = [...code.matchAll(/^export (?:class|const|function|let|var) (\w+)/gm)];
  const listed = [...code.matchAll(/^export \{([^}]*)\};$/gm)];
  const own = [...declared, ...listed].flatMap(([, list = '']) => list.match(/\w+/g) ?? []);
  return [...passedOn, ...own.map((name) => `export class ${name} {}`)].join('\n');
}
