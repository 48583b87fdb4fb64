/** Numbers as people read them. */

const times = [
  { below: 1000, show: (ms: number) => `${Math.round(ms)} ms` },
  { below: 60_000, show: (ms: number) => `${(ms / 1000).toFixed(1)} s` },
  {
    below: 3_600_000,
    show: (ms: number) => `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`,
  },
];

/** A span of time given in ms: `412 ms`, `3.2 s`, `2 min 5 s`, `1.5 h`. */
export function duration(ms: number): string {
  const unit = times.find(({ below }) => ms < below);
  return unit === undefined ? `${(ms / 3_600_000).toFixed(1)} h` : unit.show(ms);
}

/** A count with a comma between thousands. */
export function count(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(?:\d{3})+$)/gu, ',');
}

/** A size given in bytes, in decimal units. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const power = Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(1)} ${['B', 'kB', 'MB', 'GB'][power]}`;
}

/** `1 step`, `2 steps`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** How long ago, given in ms: `just now`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 48 * 60
    ? `${Math.floor(minutes / 60)} h ago`
    : `${Math.floor(minutes / 1440)} d ago`;
}
