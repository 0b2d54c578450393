/** The pictures of docs/pictures that are drawn: one way of drawing for each language and for light and dark pages. */

export type Theme = "light" | "dark";
export type Language = "en" | "zh-CN";

interface Palette {
  readonly text: string;
  readonly faint: string;
  readonly line: string;
  readonly box: string;
  /** Where nothing can go wrong any more that matters, or not yet. */
  readonly safe: string;
  readonly safeLine: string;
  /** Where the only copy of a secret may be in this process. */
  readonly hot: string;
  readonly hotLine: string;
}

/** GitHub's own colours. */
const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    text: "#1f2328",
    faint: "#59636e",
    line: "#59636e",
    box: "#ffffff",
    safe: "#dafbe1",
    safeLine: "#1a7f37",
    hot: "#fff8c5",
    hotLine: "#9a6700",
  },
  dark: {
    text: "#f0f6fc",
    faint: "#9198a1",
    line: "#9198a1",
    box: "#0d1117",
    safe: "#12261e",
    safeLine: "#3fb950",
    hot: "#272115",
    hotLine: "#d29922",
  },
};

const FONT =
  "-apple-system,'Segoe UI','Noto Sans','Noto Sans CJK SC','PingFang SC','Microsoft YaHei',Helvetica,Arial,sans-serif";

/** Files by path, and what they are. */
export function drawings(): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const language of ["en", "zh-CN"] as const) {
    for (const theme of ["light", "dark"] as const) {
      const end = `${language === "en" ? "" : `.${language}`}-${theme}.svg`;
      files.set(`docs/pictures/flow${end}`, flow(language, PALETTES[theme]));
      if (language === "en") files.set(`docs/pictures/way${end}`, way(PALETTES[theme]));
    }
  }
  return files;
}

interface FlowWords {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly line: string;
  readonly preflight: readonly [string, ...string[]];
  readonly notDue: string;
  readonly steps: readonly (readonly [string, ...string[]])[];
  readonly order: readonly string[];
  readonly failsBefore: readonly string[];
  readonly failsAfter: readonly string[];
}

const FLOW: Readonly<Record<Language, FlowWords>> = {
  en: {
    title: "Preflight, then rotate, mask, seal, publish, confirm, tidy",
    before: "nothing has changed",
    after: "the old secret has ended",
    line: "point of no return",
    preflight: [
      "preflight",
      "reads provider and targets",
      "decides whether it is due",
      "tries the sealing",
      "writes a marker into each place",
    ],
    notDue: "not due: ends, writes nothing",
    steps: [
      ["rotate", "one call makes", "the new secret"],
      ["mask", "before all", "else happens"],
      ["seal", "for each target,", "kept on disk"],
      ["publish", "every target,", "trying again"],
      ["confirm", "the provider", "is asked"],
      ["tidy", "markers are", "deleted"],
    ],
    order: ["Authing, CloudRoom: publish and confirm side by side", "Huawei Cloud, Feishu: confirm first"],
    failsBefore: ["What fails here ends as failed:", "mend it and run again."],
    failsAfter: [
      "Whatever fails, every target is tried. After a kill the post step sends what was sealed, or prints it",
      "as commands. Ends as incomplete or unknown: run again, and the markers make it heal.",
    ],
  },
  "zh-CN": {
    title: "预检，然后轮换、屏蔽、加密、发布、确认、清理",
    before: "什么都没有改变",
    after: "旧密钥已经失效",
    line: "不可回退点",
    preflight: ["预检 preflight", "读取提供商和每个目标", "判断是否到期", "试一次加密", "在每个位置写入标记"],
    notDue: "未到期：结束，不写入任何内容",
    steps: [
      ["轮换 rotate", "一次调用", "生成新密钥"],
      ["屏蔽 mask", "先于其他", "一切操作"],
      ["加密 seal", "逐个目标加密", "并保存到磁盘"],
      ["发布 publish", "写入每个目标", "失败则重试"],
      ["确认 confirm", "向提供商", "核实"],
      ["清理 tidy", "删除标记", ""],
    ],
    order: ["Authing、CloudRoom：发布与确认同时进行", "华为云、飞书：先确认"],
    failsBefore: ["在此失败，结果为 failed：", "修复后再运行一次。"],
    failsAfter: [
      "无论什么出错，每个目标都会尝试写入。进程被终止后，post 步骤会发送已加密的内容，或把它打印成命令。",
      "结果为 incomplete 或 unknown 时：再运行一次，标记会让各目标恢复一致。",
    ],
  },
};

/** What a run does. */
function flow(language: Language, palette: Palette): string {
  const words = FLOW[language];
  const pen = createPen(palette);
  const border = 262;
  pen.zone(4, 4, border - 10, 292, "safe");
  pen.zone(border + 6, 4, 650, 292, "hot");
  pen.label(18, 28, words.before, "safeLine");
  pen.label(border + 20, 28, words.after, "hotLine");
  pen.dashes(border, 4, border, 296);
  pen.upright(border + 1, 220, words.line);

  const [preflight, ...does] = words.preflight;
  pen.box(16, 44, 226, 112, preflight, does, "safeLine");
  pen.arrow(129, 156, 129, 184);
  pen.lines(129, 200, [words.notDue], "middle");
  pen.lines(18, 262, words.failsBefore);

  const width = 94;
  const gap = 13;
  let x = border + 20;
  pen.arrow(242, 100, x, 100);
  for (const [index, [name, ...notes]] of words.steps.entries()) {
    pen.box(x, 60, width, 80, name, notes, "hotLine");
    if (index > 0) pen.arrow(x - gap, 100, x, 100);
    x += width + gap;
  }
  const publish = border + 20 + 3 * (width + gap);
  pen.bracket(publish, publish + 2 * width + gap, 150);
  pen.lines(publish + width + gap / 2, 178, words.order, "middle");
  pen.lines(border + 20, 262, words.failsAfter);
  return pen.finish(922, 300, words.title);
}

/** The way of a secret through the code. */
function way(palette: Palette): string {
  const pen = createPen(palette);
  pen.zone(136, 4, 640, 152, "hot");
  pen.label(150, 28, "the action's process", "hotLine");
  pen.box(8, 64, 112, 76, "provider", ["makes it, or", "takes ours"], "line");
  pen.arrow(120, 102, 152, 102, "hotLine");
  pen.box(152, 64, 132, 76, "Secret", ["secret.ts: masked at", "birth, unprintable"], "hotLine");
  pen.arrow(284, 102, 312, 102, "hotLine");
  pen.box(312, 64, 132, 76, "form", ["value.ts: pointer,", "md5, base64"], "hotLine");
  pen.arrow(444, 102, 472, 102, "hotLine");
  pen.box(472, 64, 132, 76, "sealed", ["seal.ts: for the", "place's public key"], "safeLine");
  pen.arrow(604, 102, 632, 102, "safeLine");
  pen.box(632, 64, 132, 76, "written", ["api.ts: at GitHub's", "pace, tried again"], "safeLine");
  pen.arrow(764, 102, 796, 102, "safeLine");
  pen.box(796, 64, 118, 76, "GitHub", ["opens it, with its", "private key"], "line");
  pen.arrow(218, 140, 218, 180, "hotLine");
  pen.box(152, 180, 132, 62, "runner", ["hides it in the log"], "line");
  pen.arrow(538, 140, 538, 180, "safeLine");
  pen.box(472, 180, 132, 62, "journal", ["a file, mode 0600"], "safeLine");
  pen.arrow(604, 211, 632, 211, "safeLine");
  pen.box(632, 180, 132, 62, "post step", ["sends what is left"], "safeLine");
  pen.corner(764, 211, 855, 140, "safeLine");
  pen.lines(8, 270, [
    "Yellow: plain text, over TLS and in memory. Green: sealed, so that only GitHub can open it. What the post step",
    "cannot send either it prints sealed, as commands.",
  ]);
  return pen.finish(922, 296, "The way of a secret from the provider to GitHub");
}

type Colour = keyof Palette;

function createPen(palette: Palette) {
  const parts: string[] = [];
  const text = (x: number, y: number, what: string, more: string): void => {
    parts.push(`<text x="${String(x)}" y="${String(y)}" ${more}>${escape(what)}</text>`);
  };
  return {
    zone: (x: number, y: number, width: number, height: number, fill: "safe" | "hot") => {
      parts.push(`<rect ${place(x, y, width, height)} rx="8" fill="${palette[fill]}"/>`);
    },
    box: (
      x: number,
      y: number,
      width: number,
      height: number,
      name: string,
      notes: readonly string[],
      stroke: Colour,
    ) => {
      parts.push(
        `<rect ${place(x, y, width, height)} rx="6" fill="${palette.box}" stroke="${palette[stroke]}" stroke-width="1.5"/>`,
      );
      const middle = x + width / 2;
      text(middle, y + 22, name, `text-anchor="middle" font-size="14" font-weight="600"`);
      for (const [index, note] of notes.entries()) {
        text(
          middle,
          y + 43 + index * 18,
          note,
          `text-anchor="middle" font-size="12" fill="${palette.faint}"`,
        );
      }
    },
    lines: (x: number, y: number, all: readonly string[], anchor = "start") => {
      for (const [index, line] of all.entries()) {
        text(x, y + index * 18, line, `text-anchor="${anchor}" font-size="12" fill="${palette.faint}"`);
      }
    },
    label: (x: number, y: number, what: string, fill: Colour) => {
      text(x, y, what, `font-size="13" font-weight="600" fill="${palette[fill]}"`);
    },
    upright: (x: number, y: number, what: string) => {
      const turn = `transform="rotate(-90 ${String(x)} ${String(y)})"`;
      const halo = `stroke="${palette.box}" stroke-width="6" paint-order="stroke"`;
      text(x, y + 4, what, `${turn} text-anchor="middle" font-size="12" font-weight="600" ${halo}`);
    },
    dashes: (x1: number, y1: number, x2: number, y2: number) => {
      parts.push(
        `<path d="M${at(x1, y1)}L${at(x2, y2)}" stroke="${palette.text}" stroke-width="1.5" stroke-dasharray="5 4"/>`,
      );
    },
    bracket: (from: number, to: number, y: number) => {
      parts.push(
        `<path d="M${at(from, y)}v8H${String(to)}v-8" fill="none" stroke="${palette.line}" stroke-width="1.2"/>`,
      );
    },
    arrow: (x1: number, y1: number, x2: number, y2: number, stroke: Colour = "line") => {
      // The head points along the line, which is upright or level.
      const [dx, dy] = [Math.sign(x2 - x1), Math.sign(y2 - y1)];
      const [left, right] = [
        at(x2 - 6 * dx + 4 * dy, y2 - 6 * dy + 4 * dx),
        at(x2 - 6 * dx - 4 * dy, y2 - 6 * dy - 4 * dx),
      ];
      const colour = palette[stroke];
      parts.push(
        `<path d="M${at(x1, y1)}L${at(x2 - 4 * dx, y2 - 4 * dy)}" stroke="${colour}" stroke-width="1.5"/>`,
        `<path d="M${at(x2, y2)}L${left}L${right}z" fill="${colour}"/>`,
      );
    },
    /** Level first, then up. */
    corner: (x1: number, y1: number, x2: number, y2: number, stroke: Colour) => {
      const colour = palette[stroke];
      parts.push(
        `<path d="M${at(x1, y1)}H${String(x2)}V${String(y2 + 4)}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
        `<path d="M${at(x2, y2)}L${at(x2 - 4, y2 + 6)}L${at(x2 + 4, y2 + 6)}z" fill="${colour}"/>`,
      );
    },
    finish: (width: number, height: number, title: string): string =>
      [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${String(width)} ${String(height)}" width="${String(width)}" height="${String(height)}" role="img" aria-label="${escape(title)}" font-family="${FONT}" fill="${palette.text}">`,
        `<title>${escape(title)}</title>`,
        ...parts,
        "</svg>",
        "",
      ].join("\n"),
  };
}

function place(x: number, y: number, width: number, height: number): string {
  return `x="${String(x)}" y="${String(y)}" width="${String(width)}" height="${String(height)}"`;
}

function at(x: number, y: number): string {
  return `${String(x)} ${String(y)}`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
