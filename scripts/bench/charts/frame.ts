/** Whose figures: a colour of its own in every chart. */
export type Series = "ours" | "script" | "patient" | "hasty" | "neutral";

/** Where a chart writes a number. */
export type Format = (value: number) => string;

/** Pixels. */
export const WIDTH = 760;
export const TOP = 52;
export const ROW = 26;
/** Where the labels of bars end. */
export const LABELS = 250;

export function frame(title: string, height: number, content: readonly string[]): string {
  const [width, tall] = [String(WIDTH), round(height)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${tall}" viewBox="0 0 ${width} ${tall}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<style>${STYLE}`,
    `</style>`,
    `<rect x="0.5" y="0.5" width="${round(WIDTH - 1)}" height="${round(height - 1)}" rx="6" class="back"/>`,
    text(title, 20, 30, "title"),
    ...content.filter((part) => part !== ""),
    `</svg>`,
    "",
  ].join("\n");
}

export function scale(
  [from, to]: readonly [number, number],
  [start, end]: readonly [number, number],
  logarithmic = false,
): (value: number) => number {
  const measure = logarithmic ? Math.log10 : (value: number) => value;
  const share = (value: number): number => (measure(value) - measure(from)) / (measure(to) - measure(from));
  return (value) => start + share(value) * (end - start);
}

export function text(content: string, x: number, y: number, style: string): string {
  return `<text x="${round(x)}" y="${round(y)}" class="${style}">${escape(content)}</text>`;
}

export function rectangle(x: number, y: number, width: number, height: number, style: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" class="${style}"/>`;
}

export function path(commands: readonly string[], style: string): string {
  return `<path d="${commands.join("")}" class="${style}"/>`;
}

export function at(x: number, y: number): string {
  return `${round(x)} ${round(y)}`;
}

export function round(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** Opaque, as the page around it may be light where the reader's system is dark. */
const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
.back { fill: #ffffff; stroke: #d1d9e0; }
.title, .strong { font-weight: 600; }
.title { font-size: 15px; }
.title, .text, .strong { fill: #1f2328; }
.faint { fill: #59636e; }
.end { text-anchor: end; }
.middle { text-anchor: middle; }
.grid { stroke: #d1d9e0; }
.limit { stroke: #cf222e; stroke-dasharray: 5 4; }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
.pale { opacity: 0.35; }
.fill-ours { fill: #0969da; } .line-ours { stroke: #0969da; }
.fill-script { fill: #bc4c00; } .line-script { stroke: #bc4c00; }
.fill-patient { fill: #8250df; } .line-patient { stroke: #8250df; stroke-dasharray: 9 5; }
.fill-hasty { fill: #1a7f37; } .line-hasty { stroke: #1a7f37; stroke-dasharray: 2 4; }
.fill-neutral { fill: #818b98; } .line-neutral { stroke: #818b98; }
@media (prefers-color-scheme: dark) {
.back { fill: #0d1117; stroke: #3d444d; }
.title, .text, .strong { fill: #f0f6fc; }
.faint { fill: #9198a1; }
.grid { stroke: #3d444d; }
.limit { stroke: #f85149; }
.fill-ours { fill: #4493f8; } .line-ours { stroke: #4493f8; }
.fill-script { fill: #f0883e; } .line-script { stroke: #f0883e; }
.fill-patient { fill: #ab7df8; } .line-patient { stroke: #ab7df8; }
.fill-hasty { fill: #3fb950; } .line-hasty { stroke: #3fb950; }
}`;
