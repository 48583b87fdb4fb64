/** Tables of plain text. */

/** Columns to the width of their longest cell and two spaces between; `right` names columns that end flush. */
export function table(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, at) =>
        right.includes(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return lines.map((one) => `${one}\n`).join('');
}
