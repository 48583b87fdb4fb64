/** What requests cost. */

/** Prices for a million tokens by the provider's name of the model; `cached` is by default as `input`. */
export type Prices = Readonly<Record<string, Price>>;
interface Price {
  readonly input: number;
  readonly cached?: number;
  readonly output: number;
}

/** Tokens of one request. */
interface Tokens {
  readonly model: string;
  readonly fresh: number;
  readonly cached: number;
  readonly output: number;
  readonly reasoning: number;
}

/** In the currency of the prices; `undefined` for a model that has none. What is thought costs what is said. */
export function costOf(tokens: Tokens, prices: Prices): number | undefined {
  const { model, fresh, cached, output, reasoning } = tokens;
  const price = Object.hasOwn(prices, model) ? prices[model] : undefined;
  if (price === undefined) return undefined;
  const read = fresh * price.input + cached * (price.cached ?? price.input);
  return (read + (output + reasoning) * price.output) / 1_000_000;
}
