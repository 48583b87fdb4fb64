/** From a parsed command line to what the configuration and the front end get of it. */

import { codexSettings } from '../plugins/front-ends/exec/codex-config.ts';
import type { Parsed } from './args.ts';
import type { Flag } from './flags.ts';
import { type ConfigData, formatKeyPath, parseKeyPath, withValue } from './key-path.ts';
import { sandboxOrder } from './keys.ts';
import type { Layer } from './layers.ts';

/** The layers that flags make, strongest first: those with a flag of their own, then `--config`. */
export function flagLayers({ command, flags }: Parsed): readonly Layer[] {
  let typed: Layer & { readonly names: Record<string, string> } = {
    name: 'flag',
    values: {},
    names: {},
    isChecked: true,
  };
  for (const flag of command.flags) {
    const given = flags[flag.name];
    if (flag.key === undefined || given === undefined) continue;
    typed = {
      ...typed,
      values: withValue(typed.values, parseKeyPath(flag.key), typedValue(flag, given)),
      names: { ...typed.names, [flag.key]: `--${flag.name}` },
    };
  }
  const free = freeLayer(isCodex(flags) ? codexConfig(flags['config']) : flags['config']);
  return [typed, free].filter(({ values }) => Object.keys(values).length > 0);
}

/** What clients of Codex's SDK say of a thread, as a layer above all others: for managed policy to look over. */
export function codexLayers({ flags }: Parsed): readonly Layer[] {
  if (!isCodex(flags)) return [];
  const { settings } = codexSettings(othersOf(flags['config']));
  const keys = Object.keys(settings);
  const names = Object.fromEntries(keys.map((key) => [key, '--config']));
  const isChecked = settings.sandbox === undefined || sandboxOrder.includes(settings.sandbox);
  return keys.length === 0 ? [] : [{ name: 'flag', values: { ...settings }, names, isChecked }];
}

/** `--config KEY=VALUE`: a value that is JSON is taken as such, anything else as text. */
function freeLayer(given: true | readonly string[] | undefined): Layer {
  let values: ConfigData = {};
  const names: Record<string, string> = {};
  for (const text of given === true ? [] : (given ?? [])) {
    const equals = text.indexOf('=');
    const path = parseKeyPath(text.slice(0, equals));
    values = withValue(values, path, valueOf(text.slice(equals + 1)));
    names[formatKeyPath(path)] = '--config';
  }
  return { name: 'flag', values, names };
}

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function typedValue(flag: Flag, given: true | readonly string[]): unknown {
  if (given === true || flag.many) return given;
  const text = given.at(-1) ?? '';
  if (!flag.isNumber) return text;
  return flag.isSeconds ? Math.ceil(Number(text) * 1000) : Number(text);
}

/**
 * What follows a front end's name: its flags, those that set a key among them, as `--flag` or `--flag=VALUE`, then the
 * words in their order, then `--` and what follows it. What this program takes for itself is left out, and so are the
 * flags named by `leftOut`.
 */
export function frontEndArgv(
  { command, flags, words, rest }: Parsed,
  leftOut: ReadonlySet<string> = new Set(),
): readonly string[] {
  const own = command.flags.flatMap(({ name, isOwn }) => {
    if (leftOut.has(name)) return [];
    const given = name === 'config' && isCodex(flags) ? othersOf(flags['config']) : flags[name];
    if (given === undefined || (isOwn && !(name === 'config' && isCodex(flags)))) return [];
    return given === true ? [`--${name}`] : given.map((value) => `--${name}=${value}`);
  });
  const subcommand = command.name.split(' ').slice(1);
  return [...subcommand, ...own, ...words, ...(rest.length > 0 ? ['--', ...rest] : [])];
}

/** Clients of Codex's SDK pass its keys in `--config`; those that concern a thread are for the front end to read. */
const codexKeys: ReadonlyMap<string, (value: string) => string> = new Map([
  ['openai_base_url', (value: string) => `providers.openai-responses.baseURL=${value}`],
  [
    'web_search',
    (value: string) => `providers.openai-responses.webSearch=${String(value !== '"disabled"')}`,
  ],
]);

function isCodex(flags: Parsed['flags']): boolean {
  return flags['experimental-json'] === true;
}

function codexConfig(given: true | readonly string[] | undefined): readonly string[] {
  return (given === true ? [] : (given ?? [])).flatMap((text) => {
    const [key = '', value = ''] = splitAt(text, '=');
    return codexKeys.get(key)?.(value) ?? [];
  });
}

function othersOf(given: true | readonly string[] | undefined): readonly string[] {
  const all = given === true ? [] : (given ?? []);
  return all.filter((text) => !codexKeys.has(splitAt(text, '=')[0] ?? ''));
}

function splitAt(text: string, sign: string): readonly string[] {
  const place = text.indexOf(sign);
  return place < 0 ? [text] : [text.slice(0, place), text.slice(place + 1)];
}
