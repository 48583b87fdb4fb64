/** Figures as text: a Markdown table, which people can read on a terminal too. */

import { arch, cpus, loadavg, release, type as system } from 'node:os';
import type { Figure } from './case.ts';

const marks = { begin: '<!-- bench: begin -->', end: '<!-- bench: end -->' };

/** Whether a figure is within its target; one without a target is. */
export function isMet({ value, target }: Figure): boolean {
  return target === undefined || value <= target;
}

/** One line for each figure. */
export function tableOf(figures: readonly Figure[]): string {
  const head = ['figure', 'measured', 'target', 'ok', 'from'];
  const rows = figures.map((figure) => [
    figure.what,
    amount(figure.value, figure.unit),
    figure.target === undefined ? '' : `≤ ${amount(figure.target, figure.unit)}`,
    figure.target === undefined ? '' : isMet(figure) ? 'yes' : 'no',
    figure.from ?? '',
  ]);
  const widths = head.map((_, at) =>
    Math.max(...[head, ...rows].map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function amount(value: number, unit: Figure['unit']): string {
  const digits = unit === 'ms' || unit === 'MB' ? 1 : unit === '×' && value % 1 !== 0 ? 2 : 0;
  return `${value.toFixed(digits)} ${unit}`;
}

/** The machine and the moment that figures belong to. */
export function machineOf(): string {
  const [cpu] = cpus();
  const model = cpu?.model.trim() ?? 'unknown processor';
  const load = loadavg()
    .slice(0, 2)
    .map((one) => one.toFixed(1));
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${model}, ${system()} ${release()} ${arch()}`;
  return `${date}, Node ${process.versions.node}, ${machine}, load ${load.join(' ')}`;
}

/** A document with new text between its marks. Throws when it has none. */
export function withFigures(document: string, text: string): string {
  const [before, ...rest] = document.split(marks.begin);
  const [, after] = rest.join(marks.begin).split(marks.end);
  if (before === undefined || after === undefined)
    throw new Error(`expected the lines ${marks.begin} and ${marks.end} in the document`);
  return `${before}${marks.begin}\n\n${text}\n\n${marks.end}${after}`;
}
