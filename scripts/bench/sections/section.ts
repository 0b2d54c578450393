/** A part of the page about one thing. */
export interface Section {
  /** In Markdown, the heading first. */
  readonly paragraphs: readonly string[];
  /** SVG by file name. */
  readonly charts: Readonly<Record<string, string>>;
}
