/** A title as the last part of an address: lower case, words joined by hyphens, no more than `max` characters. */
export function slug(title: string, max = 60): string {
  const words = title.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  let joined = '';
  for (const word of words) {
    const longer = joined === '' ? word : `${joined}-${word}`;
    if (longer.length > max) break;
    joined = longer;
  }
  return joined;
}
