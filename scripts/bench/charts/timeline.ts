import { type Format, frame, LABELS, rectangle, ROW, scale, type Series, text, TOP, WIDTH } from "./frame.ts";

/** When things began and ended: a bar for each row, its part in full colour from one time to another. */
export function timelineChart(chart: {
  readonly title: string;
  readonly groups: readonly {
    readonly label: string;
    readonly rows: readonly {
      readonly label: string;
      readonly series: Series;
      readonly end: number;
      readonly part: readonly [from: number, to: number];
    }[];
  }[];
  readonly legend: string;
  readonly format: Format;
}): string {
  const { title, groups, legend, format } = chart;
  const most = Math.max(...groups.flatMap(({ rows }) => rows.map(({ end }) => end))) * 1.14;
  const x = scale([0, most], [LABELS, WIDTH - 30]);
  let y = TOP;
  const parts = groups.flatMap(({ label, rows }) => {
    const heading = text(label, 20, y + 14, "strong");
    y += 22;
    const bars = rows.map((row) => {
      const [from, to] = row.part;
      const bar = [
        text(row.label, LABELS - 10, y + 17, "text end"),
        rectangle(x(0), y + 4, x(row.end) - x(0), 18, `fill-${row.series} pale`),
        rectangle(x(from), y + 4, Math.max(2, x(to) - x(from)), 18, `fill-${row.series}`),
        text(format(row.end), x(row.end) + 6, y + 17, "text"),
      ];
      y += ROW;
      return bar.join("");
    });
    y += 8;
    return [heading, ...bars];
  });
  return frame(title, y + 22, [...parts, text(legend, LABELS, y + 10, "faint")]);
}
