import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { worldProviders, type WorldProvider } from "../emulators/world.ts";
import { type ActionRun, leaks, type StepRun } from "../support/runner.ts";
import { openScene, TARGET, TRAITS } from "../support/scene.ts";

/** Orders to the runner. What obeys one of them says "owned" somewhere, or hides our own words. */
const COMMANDS = [
  "refused",
  "::add-mask::rotated",
  "said ##[add-mask]preflight",
  "::set-output name=status::owned",
  "said ##[set-output name=changed;]owned",
  "::save-state name=journal::/owned",
  "said ##[save-state name=journal;]/owned",
  "::stop-commands::owned-token",
  "said ##[stop-commands]owned-token",
  "::error title=owned::owned",
  "said ##[warning]owned",
  "said ##[group]owned",
  "  ::debug::owned",
  "said ##[add-matcher]owned.json",
  "::set-env name=PATH::/owned",
].join("\n");

/** Orders to terminals, to Markdown, to HTML and to readers. */
const MARKUP = [
  "refused \u001b[2J\u001b[31mred\u001b[0m \u009b31m \u001b]0;owned\u0007 \u202edetrevni\u202c \u200b\u2066\ufeff\u{e0041}",
  "| cell | **bold** __bold__ ~~gone~~ `code` $x$",
  "",
  "# heading",
  "```",
  "- [ ] [link](https://evil.example) ![image](https://evil.example/a.png) <https://evil.example>",
  "https://evil.example www.evil.example @octocat #1 [^1]",
  "<img src=x onerror=alert(1)><script>owned()</script></td><details><!-- &lt;b&gt; \\",
].join("\r\n\u2028");

/** The same on one line, for what cannot have several. */
const ON_ONE_LINE = COMMANDS.replaceAll("\n", " ");

const HTML = `<!doctype html><title>owned</title><script>owned()</script>\n${COMMANDS}\n${MARKUP}`;

/** Each provider's own form of an error. */
const FORMS: Readonly<
  Record<WorldProvider, (message: string) => { readonly status: number; readonly body: string }>
> = {
  authing: (message) => ({
    status: 200,
    body: JSON.stringify({ statusCode: 403, message, requestId: message }),
  }),
  cloudroom: (message) => ({ status: 200, body: JSON.stringify({ RspCode: "1", RspDesc: message }) }),
  feishu: (message) => ({ status: 200, body: JSON.stringify({ code: 10016, msg: message }) }),
  "huawei-apig": (message) => ({
    status: 403,
    body: JSON.stringify({ error_code: "APIG.1104", error_msg: message, request_id: message }),
  }),
  "huawei-csms": (message) => ({
    status: 403,
    body: JSON.stringify({ error: { error_code: "CSMS.0302", error_msg: message } }),
  }),
};

/** Where a provider's own code is a text, so that it can be any text. */
const CODES: readonly (readonly [
  WorldProvider,
  (code: string) => { readonly status: number; readonly body: string },
])[] = [
  ["cloudroom", (code) => ({ status: 200, body: JSON.stringify({ RspCode: code, RspDesc: "refused" }) })],
  [
    "huawei-apig",
    (code) => ({ status: 400, body: JSON.stringify({ error_code: code, error_msg: "refused" }) }),
  ],
  ["huawei-csms", (code) => ({ status: 400, body: JSON.stringify({ error: { error_code: code } }) })],
];

/** Room for the longest line that the action prints, and for what the runner's commands add to it. */
const LONGEST_LINE = 100_200;

describe.each(worldProviders)("the built action with %s, told what to do by its answers,", (provider) => {
  const { rotate, first } = TRAITS[provider];

  it.each([
    ["commands", COMMANDS],
    ["markup", MARKUP],
  ])("shows %s in the provider's message as text", async (_what, message) => {
    await using scene = await openScene(provider);
    const form = FORMS[provider](message);
    scene.world.providers[provider].faults.arm({ kind: "answer", changed: false, ...form }, rotate);
    const run = await scene.run({ env: { RUNNER_DEBUG: "1" } });
    expect(scene.result(run)).toMatchObject({ status: "failed" });
    expect(run.main.annotations.filter(({ level }) => level === "error")).toHaveLength(1);
    expect(run.main.annotations[0]?.message).toContain(`It said: "`);
    expect(run.main.log).toContain("refused");
    expectNothingObeyed(run);
  });

  it("shows nothing of a web page", async () => {
    await using scene = await openScene(provider);
    scene.world.providers[provider].faults.arm(
      { kind: "answer", changed: false, status: 403, headers: { "content-type": "text/html" }, body: HTML },
      { ...first, times: Infinity },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed" });
    expect(scene.rotateCalls()).toEqual([]);
    expect(run.main.stdout + run.main.rawSummary).not.toMatch(/owned|evil\.example|octocat|doctype/);
    expectNothingObeyed(run);
  });

  it("shows some hundred characters of a message of 400 KB", async () => {
    await using scene = await openScene(provider);
    const form = FORMS[provider](`${COMMANDS}\n`.repeat(1_000).slice(0, 400_000));
    scene.world.providers[provider].faults.arm({ kind: "answer", changed: false, ...form }, rotate);
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed" });
    expect(run.main.stdout.length).toBeLessThan(30_000);
    expect(run.main.rawSummary.length).toBeLessThan(10_000);
    expectNothingObeyed(run);
  });

  it("reads no more than 1 MiB of an answer of 10 MB", async () => {
    await using scene = await openScene(provider);
    const form = FORMS[provider](`${COMMANDS}\n`.repeat(20_000));
    scene.world.providers[provider].faults.arm(
      { kind: "answer", changed: false, ...form, body: form.body.slice(0, 10_000_000) },
      { ...first, times: Infinity },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed" });
    expect(run.main.log).toContain("answer larger than 1 MiB");
    expect(run.main.stdout).not.toContain("owned");
    expect(run.main.stdout.length).toBeLessThan(30_000);
    expect(scene.rotateCalls()).toEqual([]);
    expectNothingObeyed(run);
  });
});

describe("the built action, told what to do by a provider's code,", () => {
  it.each(CODES)("shows that of %s as text", async (provider, form) => {
    for (const code of [COMMANDS, MARKUP]) {
      await using scene = await openScene(provider);
      const { rotate } = TRAITS[provider];
      scene.world.providers[provider].faults.arm({ kind: "answer", changed: false, ...form(code) }, rotate);
      const run = await scene.run();
      expect(scene.result(run)).toMatchObject({ status: "failed" });
      expect(run.main.log).toContain("refused");
      expectNothingObeyed(run);
    }
  });

  it.each(CODES)(
    "leaves room in the annotation and the summary for what to do, however long that of %s is",
    async (provider, form) => {
      await using scene = await openScene(provider);
      const { rotate } = TRAITS[provider];
      scene.world.providers[provider].faults.arm(
        { kind: "answer", changed: false, ...form("x|".repeat(250_000)) },
        rotate,
      );
      const run = await scene.run();
      expectNothingObeyed(run);
      expect(run.main.annotations[0]?.message).toContain("Act on the provider's own code");
      expect(run.main.rawSummary).toContain("**Next:**");
    },
  );

  it.each([
    ["commands", COMMANDS],
    ["markup", MARKUP],
  ])("shows %s as the state of a CSMS secret as text", async (_what, state) => {
    await using scene = await openScene("huawei-csms");
    scene.world.providers["huawei-csms"].faults.arm(
      { kind: "answer", changed: false, status: 200, body: JSON.stringify({ secret: { state } }) },
      TRAITS["huawei-csms"].first,
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "APP_NOT_ROTATABLE" });
    expect(run.main.log).toContain("refused");
    expectNothingObeyed(run);
  });

  it.each([
    ["commands", COMMANDS],
    ["markup", MARKUP],
  ])("shows %s as the error of a CSMS task as text", async (_what, code) => {
    await using scene = await openScene("huawei-csms");
    const task = { task_id: "1", task_status: "FAILED", task_error_code: code };
    scene.world.providers["huawei-csms"].faults.arm(
      { kind: "answer", changed: false, status: 200, body: JSON.stringify({ tasks: [task] }) },
      { path: /tasks\?task_id=/ },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "unknown", error: "ROTATION_FAILED" });
    expect(run.main.log).toContain("refused");
    expectNothingObeyed(run);
  });

  it("refuses a version's id that is a text, as outputs hold none of a provider", async () => {
    await using scene = await openScene("huawei-csms");
    const version = {
      version_metadata: { id: COMMANDS },
      secret_string: '{"name":"user-12345","password":"password-12345"}',
    };
    const { faults } = scene.world.providers["huawei-csms"];
    const always = { kind: "answer", changed: false, status: 200 } as const;
    faults.arm(
      { ...always, body: JSON.stringify({ stage: { version_id: COMMANDS } }) },
      { path: /\/stages\//, times: Infinity },
    );
    faults.arm({ ...always, body: JSON.stringify({ version }) }, { path: /\/versions\//, times: Infinity });
    const run = await scene.run({ inputs: { mode: "sync" } });
    expect(scene.result(run)).toMatchObject({
      status: "failed",
      error: "PROVIDER_ANSWER_INVALID",
      version: null,
    });
    expectNothingObeyed(run);
  });
});

describe("the built action, told what to do by a secret,", () => {
  it("hides it, and writes it as it is", async () => {
    await using scene = await openScene("cloudroom");
    const secret = `${COMMANDS}\n${MARKUP}`;
    scene.world.providers.cloudroom.faults.arm(
      {
        kind: "answer",
        changed: true,
        status: 200,
        body: JSON.stringify({ RspCode: "0", Data: { AppSecret: secret } }),
      },
      TRAITS.cloudroom.rotate,
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    for (const target of scene.world.targetsOf("cloudroom")) expect(scene.world.held(target)).toBe(secret);
    expect(leaks(run, [secret])).toEqual([]);
    expect(run.main.masks).toContain("said ##[warning]owned");
    expect(run.main.commands.filter(({ form }) => form !== "::")).toEqual([]);
    expect(run.main.outputs).toMatchObject({ status: "rotated", changed: "true" });
    expect(run.main.withheldOutputs).toEqual([]);
    expect(run.main.log + run.main.rawSummary).not.toMatch(/owned|evil|octocat/);
  });
});

describe("the built action, told what to do by GitHub's answers,", () => {
  const refusal = (status: number, message: string) =>
    ({
      kind: "answer",
      changed: false,
      status,
      headers: {
        "x-accepted-github-permissions": `secrets=write ${ON_ONE_LINE} | **b** <img src=x> [a](https://evil.example) @octocat`,
        // Octokit would print it.
        deprecation: "Sat, 01 Jan 2022 00:00:00 GMT",
        sunset: `##[error]owned`,
        link: `<https://evil.example>; rel="deprecation"; type="text/html"`,
      },
      body: JSON.stringify({ message, documentation_url: message, errors: [{ message }] }),
    }) as const;

  it.each([
    [401, COMMANDS],
    [403, MARKUP],
    [422, COMMANDS],
    [451, MARKUP],
  ])("shows its message with %i, and the permission it names, as text", async (status, message) => {
    await using scene = await openScene("authing");
    scene.world.github.faults.arm(refusal(status, message), { path: /ROTATING_/, times: Infinity });
    const run = await scene.run({ env: { RUNNER_DEBUG: "1" } });
    expect(scene.result(run)).toMatchObject({ status: "failed" });
    // One place's refusal is the annotation, the other's a line of the log.
    expect(run.main.stdout.match(/It said: "refused/g)).toHaveLength(2);
    const errors = run.main.annotations.filter(({ level }) => level === "error");
    expect(errors).toHaveLength(1);
    expect(errors[0]?.message).toContain(`It said: "refused`);
    expect(scene.rotateCalls()).toEqual([]);
    expectNothingObeyed(run);
  });

  it("shows a web page as text, cut, and goes on", async () => {
    await using scene = await openScene("cloudroom");
    scene.world.github.faults.arm(
      {
        kind: "answer",
        changed: false,
        status: 502,
        headers: { "content-type": "text/html" },
        body: HTML.repeat(500),
      },
      { method: "PUT", path: TARGET, times: 2 },
    );
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(run.main.log).not.toMatch(/owned|evil\.example|doctype/);
    expectNothingObeyed(run);
  });

  it("reads no more than 1 MiB of an answer of 10 MB", async () => {
    await using scene = await openScene("cloudroom");
    scene.world.github.faults.arm(refusal(403, `${COMMANDS}\n`.repeat(20_000)), {
      path: /public-key/,
      times: Infinity,
    });
    const run = await scene.run();
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "GITHUB_UNREACHABLE" });
    expect(run.main.log).toContain("answer larger than 1 MiB");
    expect(run.main.stdout.length).toBeLessThan(30_000);
    expectNothingObeyed(run);
  });

  it.each([
    ["commands for the runner", COMMANDS],
    ["markup", MARKUP],
    [
      "commands for a shell",
      "1'; touch owned; '\n`touch owned` $(touch owned) \"; touch owned #\\' | touch owned & touch owned > owned",
    ],
  ])("takes a key's id for a text where it holds %s, in the printed commands too", async (_what, keyId) => {
    await using scene = await openScene("cloudroom");
    const { github, repository } = scene.world;
    const { publicKey } = github.privateKey({ repository });
    const answer = { kind: "answer", changed: false } as const;
    github.faults.arm(
      { ...answer, status: 200, body: JSON.stringify({ key_id: keyId, key: publicKey }) },
      { path: /public-key/, times: Infinity },
    );
    github.faults.arm(
      { ...answer, status: 201, body: "{}" },
      { method: "PUT", path: /ROTATING_/, times: Infinity },
    );
    // The post step sends nothing, and prints nothing, where this run's marker is gone.
    const time = "2026-11-25T00:00:00Z";
    github.faults.arm(
      {
        ...answer,
        status: 200,
        body: JSON.stringify({ name: "ROTATING_X", created_at: time, updated_at: time }),
      },
      { method: "GET", path: /ROTATING_/, times: Infinity },
    );
    github.faults.arm(refusal(403, COMMANDS), { method: "PUT", path: TARGET, times: Infinity });
    const run = await scene.run({
      inputs: { targets: `repo:${repository}#APP_SECRET`, "write-timeout": "1s" },
    });
    expect(scene.result(run)).toMatchObject({ status: "incomplete", error: "PUBLISH_INCOMPLETE" });
    expectNothingObeyed(run);
    const commands = run.post.log.split("\n").filter((line) => line.startsWith("gh api"));
    expect(commands).toHaveLength(1);
    expect(run.post.rawSummary).toContain(commands[0]);
    const args = argumentsOf(commands[0] ?? "");
    expect(args.slice(0, 5)).toEqual([
      "api",
      "--method",
      "PUT",
      `/repos/${repository}/actions/secrets/APP_SECRET`,
      "-f",
    ]);
    expect(args[5]).toMatch(/^encrypted_value=[A-Za-z0-9+/]+=*$/);
    expect(args[7]).toMatch(/^key_id=(?:refused|1';)/);
    expect(args).toHaveLength(8);
  });
});

describe("the built action, told what to do by names,", () => {
  const NAMES = [ON_ONE_LINE.slice(0, 250), COMMANDS.slice(0, 250), MARKUP.slice(0, 250)];

  it.each(NAMES)("shows the environment %j as one name, and writes to it", async (environment) => {
    await using scene = await openScene("cloudroom");
    const { github } = scene.world;
    github.addRepository("acme/evil", { environments: [environment] });
    github.addToken("github_pat_for_everything", {
      kind: "fine-grained",
      repositories: "all",
      environments: "write",
    });
    const run = await scene.run({
      inputs: {
        targets: `env:acme/evil/${encodeURIComponent(environment)}#APP_SECRET`,
        "github-token": "github_pat_for_everything",
      },
    });
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    expect(github.secret({ repository: "acme/evil", environment, name: "APP_SECRET" })?.value).toBe(
      scene.world.inForce("cloudroom"),
    );
    expectNothingObeyed(run);
  });

  it.each(NAMES)("shows the missing environment %j as one name", async (environment) => {
    await using scene = await openScene("cloudroom");
    const run = await scene.run({ inputs: { targets: "", environment, "secret-name": "APP_SECRET" } });
    expect(scene.result(run)).toMatchObject({ status: "failed", error: "GITHUB_NOT_FOUND" });
    expect(run.main.annotations).toHaveLength(1);
    expectNothingObeyed(run);
  });

  it.each(["authing", "cloudroom", "huawei-apig"] as const)(
    "shows an app's id as text where %s does not know it",
    async (provider) => {
      await using scene = await openScene(provider);
      const run = await scene.run({
        inputs: { "app-id": `${ON_ONE_LINE} | **b** <img src=x> [a](https://evil.example)` },
      });
      expect(scene.result(run).status).toBe("failed");
      expect(scene.rotateCalls()).toEqual([]);
      expectNothingObeyed(run);
    },
  );

  const EVIL = [
    ["commands", COMMANDS],
    ["markup", MARKUP],
    ["100 KB", "x::|".repeat(25_000)],
  ] as const;
  const everywhere = (evil: string): Record<string, string> => ({
    mode: evil,
    verify: evil,
    force: evil,
    "rotate-after": evil,
    "write-timeout": evil,
    "api-url": evil,
    "api-prefix": evil,
    "comp-id": evil,
    "app-id": evil,
    "secret-name": evil,
    targets: evil.slice(0, 1_000),
  });

  it.each(
    EVIL.flatMap(([what, evil]) => [
      [what, "any input", everywhere(evil)] as const,
      [what, "the provider", { ...everywhere(evil), provider: evil }] as const,
      [
        what,
        "the repository and the environment",
        { targets: "", repository: evil, environment: evil },
      ] as const,
      [
        what,
        "a pointer and a name",
        { targets: `repo:a/b?pointer=${evil}\nrepo:a/b#${evil}`.slice(0, 120_000) },
      ] as const,
    ]),
  )("shows %s in %s as text, and what is wrong with it", async (_what, _where, inputs) => {
    await using scene = await openScene("cloudroom");
    const run = await scene.run({ inputs });
    expect(run.main.exitCode).toBe(1);
    expect(run.main.outputs).toEqual({ status: "failed", changed: "false", results: "[]" });
    expect(run.main.annotations.length).toBeGreaterThan(0);
    for (const { level, title, message } of run.main.annotations) {
      expect([level, title]).toEqual(["error", "Inputs"]);
      expect(message).toMatch(/^[A-Z_]+: /);
    }
    expectNothingObeyed(run);
    expect(scene.world.github.requests).toEqual([]);
    expect(scene.world.providers.cloudroom.requests).toEqual([]);
  });

  it("names an input that nobody reads, whatever it is called", async () => {
    await using scene = await openScene("cloudroom");
    const run = await scene.run({
      inputs: { "##[add-mask]preflight": "x", "::error::owned": "x", "**bold**<img>": "x" },
    });
    expect(scene.result(run)).toMatchObject({ status: "rotated" });
    const named = run.main.annotations.filter(({ message }) => message.startsWith("Input "));
    expect(named.map(({ level }) => level)).toEqual(["warning", "warning", "warning"]);
    expectNothingObeyed(run);
  });
});

function expectNothingObeyed({ main, post }: ActionRun): void {
  for (const step of [main, post]) {
    // The action itself never uses the old form. Which commands it uses in the new one the scene has checked.
    expect(step.commands.filter(({ form }) => form !== "::")).toEqual([]);
    expect(step.masks.filter((mask) => /rotated|preflight|owned/.test(mask))).toEqual([]);
    expect(
      step.annotations.filter(({ title, message }) => title === "owned" || message.startsWith("owned")),
    ).toEqual([]);
    expect(Object.values(step.outputs)).not.toContain("owned");
    expect(
      Object.keys(step.outputs).filter((name) => !["status", "changed", "results"].includes(name)),
    ).toEqual([]);
    expect(step.withheldOutputs).toEqual([]);
    expect(Object.keys(step.state).filter((name) => name !== "journal")).toEqual([]);
    expect(step.state["journal"] ?? ".jsonl").toMatch(/\.jsonl$/);
    // A masked word shows as asterisks.
    expect(step.log).not.toMatch(/\*\*\*/);
    expect(step.stdout.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    expect(
      Math.max(
        ...step.stdout
          .split("\n")
          .filter((line) => !line.startsWith("::add-mask::"))
          .map((line) => line.length),
      ),
    ).toBeLessThan(LONGEST_LINE);
    expect(Buffer.byteLength(step.rawSummary)).toBeLessThan(1_000_000);
    expectTextOnly(step);
  }
}

/** Nothing in the summary is markup but what the action itself has put there. */
function expectTextOnly({ rawSummary }: StepRun): void {
  // In a box there is one command on one line, and nothing there is markup.
  const lines = rawSummary.replaceAll(/^```sh\ngh api .*\n```$/gm, "").split("\n");
  for (const line of lines) {
    const own = line
      .replace(/^#{3,4} /, "")
      .replace(/^- (?=\*\*[A-Z_]+\*\*: |\*\*Next:\*\* )?/, "")
      .replace(/^\*\*[^*]+\*\*(?=$|: )|^\*\*Next:\*\* /, "");
    const cells = own.startsWith("| ") ? own.split("|") : [own];
    if (cells.length > 1) expect(cells).toHaveLength(7);
    for (const cell of cells) {
      const text = cell.replaceAll(/&#\d+;/g, "").replace(/rotate-app-secret|✅|➖|📋|📨|❌|⚠️|❓|---/gu, "");
      expect(text).toMatch(/^[\p{L}\p{N} .,;:/?()'"=%+…-]*$/u);
      expect(text).not.toMatch(/:\/\/|www\./i);
    }
  }
}

/** What a shell makes of a printed command; nothing of it may be run but `gh` itself. */
function argumentsOf(command: string): readonly string[] {
  const folder = mkdtempSync(join(tmpdir(), "hostile-"));
  try {
    const script = `gh() { printf '%s\\0' "$@"; }\n${command}\n`;
    const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", script], {
      cwd: folder,
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([0, ""]);
    expect(readdirSync(folder)).toEqual([]);
    return stdout.split("\0").slice(0, -1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
