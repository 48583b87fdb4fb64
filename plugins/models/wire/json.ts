/** JSON put together from texts that are JSON already, so that no item of a thread is serialised twice. */

/** A JSON string without its quotes; half of a surrogate pair, which servers refuse, becomes U+FFFD. */
export function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed()).slice(1, -1);
}

/** An object of these members, in their order; `undefined` and `''` leave one out. */
export function joinObject(members: Readonly<Record<string, string | undefined>>): string {
  const present = Object.entries(members).filter(([, json]) => json !== undefined && json !== '');
  return `{${present.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

/** An array of what is not empty; each text may hold several values, joined by commas. */
export function joinArray(values: readonly string[]): string {
  return `[${values.filter((json) => json !== '').join(',')}]`;
}
