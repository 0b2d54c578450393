/** Numbers and tables as the page shows them. Times are milliseconds, sizes bytes; what was not measured is a dash. */

const MISSING = "–";

export function seconds(value: number | undefined): string {
  if (value === undefined) return MISSING;
  return `${(value / 1_000).toFixed(value < 10_000 ? 2 : 1)} s`;
}

export function milliseconds(value: number): string {
  return `${value.toFixed(Math.abs(value) < 10 ? 1 : 0)} ms`;
}

export function megabytes(value: number): string {
  return `${(value / 1e6).toFixed(0)} MB`;
}

/** "2.50 ×" */
export function times(value: number | undefined): string {
  return value === undefined ? MISSING : `${value.toFixed(2)} ×`;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** A table in Markdown: words to the left, figures to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column === 0 ? "---" : "--:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join("\n");
}

/** A chart beside the page, with its content in words. */
export function image(words: string, file: string): string {
  return `![${words}](benchmarks/${file})`;
}
