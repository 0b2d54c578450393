import { at, type Format, frame, path, round, scale, type Series, text, TOP, WIDTH } from "./frame.ts";

export interface Line {
  readonly label: string;
  readonly series: Series;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Written beside each point. */
  readonly values?: { readonly texts: readonly string[]; readonly side: "above" | "below" };
}

export interface Axis {
  readonly label: string;
  readonly ticks: readonly number[];
  readonly format: Format;
  /** Default: from the first tick to the last. */
  readonly range?: readonly [number, number];
  readonly logarithmic?: boolean;
}

/** Lines from point to point, or in steps that hold until the next one. */
export function lineChart(chart: {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly steps?: boolean;
  readonly x: Axis;
  readonly y: Axis;
}): string {
  const { title, lines, steps = false } = chart;
  const top = TOP + lines.length * KEY + 40;
  const bottom = top + HEIGHT;
  const scales: Scales = {
    x: scale(rangeOf(chart.x), [LEFT, RIGHT], chart.x.logarithmic),
    y: scale(rangeOf(chart.y), [bottom, top], chart.y.logarithmic),
  };
  return frame(title, bottom + 52, [
    ...lines.map(drawKey),
    text(chart.y.label, LEFT, top - 14, "faint"),
    ...chart.y.ticks.map(
      (tick) =>
        path([`M${at(LEFT, scales.y(tick))}`, `H${round(RIGHT)}`], "grid") +
        text(chart.y.format(tick), LEFT - 8, scales.y(tick) + 4, "faint end"),
    ),
    ...chart.x.ticks.map((tick) => text(chart.x.format(tick), scales.x(tick), bottom + 20, "faint middle")),
    text(chart.x.label, (LEFT + RIGHT) / 2, bottom + 40, "faint middle"),
    ...lines.map((line) => drawLine(line, scales, steps)),
    ...lines.map((line) => drawValues(line, scales)),
  ]);
}

const HEIGHT = 270;
const [LEFT, RIGHT] = [64, WIDTH - 36];
/** From one line of the key to the next. */
const KEY = 19;

type Scales = Readonly<Record<"x" | "y", (value: number) => number>>;

function drawKey({ label, series }: Line, index: number): string {
  const y = TOP + index * KEY;
  return path([`M${at(20, y + 6)}`, "h30"], `line line-${series}`) + text(label, 58, y + 10, "text");
}

function drawLine({ series, points }: Line, { x, y }: Scales, steps: boolean): string {
  const commands = points.map(([px, py], index) => {
    if (index === 0) return `M${at(x(px), y(py))}`;
    return steps ? `H${round(x(px))}V${round(y(py))}` : `L${at(x(px), y(py))}`;
  });
  return path(commands, `line line-${series}`);
}

function drawValues({ series, points, values }: Line, { x, y }: Scales): string {
  if (values === undefined) return "";
  const { texts, side } = values;
  return points
    .map(([px, py], index) => {
      const dot = `<circle cx="${round(x(px))}" cy="${round(y(py))}" r="4" class="fill-${series}"/>`;
      const label = text(texts[index] ?? "", x(px), y(py) + (side === "above" ? -11 : 21), "text middle");
      return dot + label;
    })
    .join("");
}

function rangeOf({ range, ticks }: Axis): readonly [number, number] {
  return range ?? [ticks[0] ?? 0, ticks.at(-1) ?? 1];
}
