import {
  type Format,
  LABELS,
  at,
  frame,
  path,
  rectangle,
  ROW,
  round,
  scale,
  type Series,
  text,
  TOP,
  WIDTH,
} from "./frame.ts";

/** A bar for each row, and a line at the value that none may pass. */
export function barChart(chart: {
  readonly title: string;
  readonly rows: readonly { readonly label: string; readonly value: number; readonly series: Series }[];
  readonly limit?: { readonly value: number; readonly label: string };
  readonly format: Format;
}): string {
  const { title, rows, limit, format } = chart;
  const most = Math.max(limit?.value ?? 0, ...rows.map(({ value }) => value)) * 1.12;
  const x = scale([0, most], [LABELS, WIDTH - 30]);
  const bottom = TOP + rows.length * ROW;
  const bars = rows.map(({ label, value, series }, index) => {
    const y = TOP + index * ROW;
    return [
      text(label, LABELS - 10, y + 17, "text end"),
      rectangle(x(0), y + 4, x(value) - x(0), 18, `fill-${series}`),
      text(format(value), x(value) + 6, y + 17, "text"),
    ].join("");
  });
  if (limit === undefined) return frame(title, bottom + 10, bars);
  const line = path([`M${at(x(limit.value), TOP - 6)}`, `V${round(bottom + 26)}`], "limit");
  const label = text(limit.label, x(limit.value) - 8, bottom + 22, "faint end");
  return frame(title, bottom + 40, [...bars, line, label]);
}
