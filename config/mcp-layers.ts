/** MCP servers in layers: a name is one server, of one layer, and never made of two. */

import { isSection, withoutValue } from './key-path.ts';
import { type Layer, type LayerName, type Overruled, placeOf } from './layers.ts';

/** What a repository calls by a name of yours stays yours. */
const force: readonly LayerName[] = ['managed', 'flag', 'environment', 'user', 'repository'];

/** The layers with each server in the strongest that has it; in the others it is overruled. */
export function withSingleServers(layers: readonly Layer[]): readonly Layer[] {
  const holders = new Map<string, Layer>();
  const strongest = layers.toSorted((a, b) => force.indexOf(a.name) - force.indexOf(b.name));
  for (const layer of strongest)
    for (const name of serverNames(layer)) if (!holders.has(name)) holders.set(name, layer);
  return layers.map((layer) => {
    const lost = serverNames(layer).filter((name) => holders.get(name) !== layer);
    return lost.reduce((rest, name) => without(rest, name, holders.get(name)), layer);
  });
}

function without(layer: Layer, name: string, holder: Layer | undefined): Layer {
  const path = ['mcpServers', name];
  const { mcpServers } = layer.values;
  const value = isSection(mcpServers) ? mcpServers[name] : undefined;
  const where = holder === undefined ? 'another layer' : placeOf(holder, path);
  const overruled: Overruled = {
    path,
    value,
    why: `${where} has a server of this name, which counts`,
  };
  return {
    ...layer,
    values: withoutValue(layer.values, path),
    overruled: [...(layer.overruled ?? []), overruled],
  };
}

/** The names of a layer's servers. */
export function serverNames({ values }: Layer): readonly string[] {
  const { mcpServers } = values;
  return isSection(mcpServers) ? Object.keys(mcpServers) : [];
}

/** What the user should know of servers that do not count, a line each. */
export function serverLosses(layers: readonly Layer[]): readonly string[] {
  return layers.flatMap((layer) =>
    (layer.overruled ?? []).flatMap(({ path, why }) => {
      const isServer = path[0] === 'mcpServers' && !why.includes('(managed policy');
      return isServer ? [`${placeOf(layer, path)}: ${path.join('.')} does not count: ${why}`] : [];
    }),
  );
}
