import { createHash } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { exampleWorkflows, read, root } from "../docs/files.ts";
import { parseMarkdown } from "../docs/markdown.ts";
import { envelopeOf } from "../emulators/feishu.ts";
import type { ActRun } from "./act.ts";
import { spyOn, startServices } from "./services.ts";

const schedule = { name: "schedule" };

/** Lets the action wait a twentieth of the time. */
const FAST_TIME = { NODE_OPTIONS: `--import ${join(root, "test/support/fast-time.ts")}` };

/** The examples that have been run. */
const shown = new Set<string>();

function example(name: string): string {
  shown.add(`examples/workflows/${name}.yml`);
  return read(`examples/workflows/${name}.yml`);
}

/** A whole workflow of README.md, byte for byte. */
function fromReadme(name: string): string {
  const found = parseMarkdown(read("README.md")).code.find(({ text }) => text.startsWith(`name: ${name}\n`));
  if (found === undefined) throw new Error(`README.md has no workflow "${name}".`);
  return `${found.text}\n`;
}

/** By hand, as the form on GitHub's page sends it. */
function byHand(inputs: Readonly<Record<string, string>>): { name: string; payload: object } {
  return { name: "workflow_dispatch", payload: { inputs, ref: "refs/heads/main" } };
}

/** The outputs of the name, of each job in turn. */
function outputs({ log }: ActRun, name: string): readonly string[] {
  return [...log.matchAll(new RegExp(`::set-output:: ${name}=(.*)$`, "gm"))].map(([, value = ""]) => value);
}

function expectGreen(run: ActRun): void {
  expect(run.exitCode, run.log).toBe(0);
}

describe("the workflow in the README, as it stands there", () => {
  const workflow = fromReadme("Rotate the Authing secret");

  test("rotates on its schedule, and then leaves the young secret alone", async () => {
    await using services = await startServices();
    const before = services.inForce.authing();
    const first = await services.run({ workflow, event: schedule });
    expectGreen(first);
    expect(outputs(first, "status")).toEqual(["rotated"]);
    expect(outputs(first, "changed")).toEqual(["true"]);
    expect(services.inForce.authing()).not.toBe(before);
    expect(services.held("AUTHING_APP_SECRET")).toBe(services.inForce.authing());

    const second = await services.run({ workflow, event: schedule });
    expectGreen(second);
    expect(outputs(second, "status")).toEqual(["unchanged"]);
    expect(services.authing.app("6229ffa0c0c0c0c0cade3e3d").refreshes).toBe(1);
  });

  test.each([
    [{ mode: "rotate", force: "true" }, "rotated", 2],
    [{ mode: "sync", force: "false" }, "synced", 1],
    [{ mode: "plan", force: "false" }, "planned", 1],
    [{ mode: "rotate", force: "false" }, "unchanged", 1],
  ])("does by hand what its form says: %o", async (inputs, status, refreshes) => {
    await using services = await startServices();
    expectGreen(await services.run({ workflow, event: schedule }));
    const run = await services.run({ workflow, event: byHand(inputs) });
    expectGreen(run);
    expect(outputs(run, "status")).toEqual([status]);
    expect(services.authing.app("6229ffa0c0c0c0c0cade3e3d").refreshes).toBe(refreshes);
    expect(services.held("AUTHING_APP_SECRET")).toBe(services.inForce.authing());
  });
});

describe("the example", () => {
  test("cloudroom writes the AppSecret and its MD5", async () => {
    await using services = await startServices();
    const run = await services.run({ workflow: example("cloudroom"), event: schedule });
    expectGreen(run);
    expect(outputs(run, "status")).toEqual(["rotated"]);
    const secret = services.inForce.cloudroom();
    expect(services.held("CLOUDROOM_APP_SECRET")).toBe(secret);
    expect(services.held("CLOUDROOM_APP_SECRET_MD5")).toBe(createHash("md5").update(secret).digest("hex"));
  });

  test.each(["dedicated", "shared"] as const)(
    "huawei-apig-%s rotates and tries the secret",
    async (gateway) => {
      await using services = await startServices(gateway);
      const before = services.inForce.apig();
      const run = await services.run({ workflow: example(`huawei-apig-${gateway}`), event: schedule });
      expectGreen(run);
      expect(outputs(run, "status")).toEqual(["rotated"]);
      expect(services.inForce.apig()).not.toBe(before);
      expect(services.held("APIG_APP_SECRET")).toBe(services.inForce.apig());
      expect(services.apig.requests.some(({ path }) => path === "/rotation-probe")).toBe(true);
    },
  );

  test.each(["huawei-csms", "huawei-csms-keyless"])(
    "%s writes name and password of the other account",
    async (name) => {
      await using services = await startServices();
      const run = await services.run({ workflow: example(name), event: byHand({ mode: "rotate" }) });
      expectGreen(run);
      const { name: user, password } = JSON.parse(services.inForce.csms()) as Record<string, string>;
      expect(services.held("DATABASE_USER")).toBe(user);
      expect(services.held("DATABASE_PASSWORD")).toBe(password);
    },
  );

  test("feishu-inbox asks for a ticket and waits for it", async () => {
    await using services = await startServices();
    const run = await services.run({ workflow: example("feishu-inbox"), event: schedule });
    expectGreen(run);
    expect(outputs(run, "status")).toEqual(["rotated"]);
    expect(services.held("FEISHU_APP_TICKET")).toBe(services.inForce.feishu());
  });

  test("feishu-dispatch asks on its schedule, and takes the ticket that an event brings", async () => {
    await using services = await startServices();
    const workflow = example("feishu-dispatch");
    const asked = await services.run({ workflow, event: schedule });
    expectGreen(asked);
    expect(outputs(asked, "status")).toEqual(["requested"]);

    const { push } = await services.feishu.platform.push("cli_a1b2c3d4e5f60001");
    const envelope = envelopeOf(push);
    const taken = await services.run({
      workflow,
      event: {
        name: "repository_dispatch",
        payload: { action: "feishu-app-ticket", client_payload: { feishu: envelope }, branch: "main" },
      },
    });
    expectGreen(taken);
    expect(outputs(taken, "status")).toEqual(["rotated"]);
    expect(services.held("FEISHU_APP_TICKET")).toBe(services.inForce.feishu());
    expect(taken.log).not.toContain(envelope.body_b64);
  });

  test("redeploy-on-changed starts the deployment when something was written, and only then", async () => {
    await using services = await startServices();
    const workflow = example("redeploy-on-changed");
    const first = await services.run({ workflow, event: schedule });
    expectGreen(first);
    expect(first.ghCalls).toEqual(["workflow run deploy.yml"]);
    const second = await services.run({ workflow, event: schedule });
    expectGreen(second);
    expect(outputs(second, "changed")).toEqual(["false"]);
    expect(second.ghCalls).toEqual([]);
  });

  test("alarm-on-due opens an issue when the secret is overdue, and changes nothing", async () => {
    await using services = await startServices();
    const before = services.inForce.authing();
    const run = await services.run({ workflow: example("alarm-on-due"), event: schedule });
    expectGreen(run);
    expect(outputs(run, "due")).toEqual(["true"]);
    expect(run.ghCalls.map((call) => call.split(" --")[0])).toEqual(["issue list", "issue create"]);
    expect(services.inForce.authing()).toBe(before);
    expect(services.github.secretNames({ repository: "acme/web", environment: "production" })).toEqual([]);
  });

  test("alarm-on-due is silent while the secret is young", async () => {
    await using services = await startServices();
    expectGreen(await services.run({ workflow: example("authing"), event: schedule }));
    const run = await services.run({ workflow: example("alarm-on-due"), event: schedule });
    expectGreen(run);
    expect(outputs(run, "due")).toEqual(["false"]);
    expect(run.ghCalls).toEqual([]);
  });

  test("estate plans, and runs a job for each rotation that is due", async () => {
    await using services = await startServices();
    const workflow = example("estate");
    const files = { ".github/rotations.yml": rotationsFileIn(workflow) };
    const run = await services.run({ workflow, event: schedule, files });
    expectGreen(run);
    expect([...outputs(run, "status")].sort()).toEqual(["planned", "rotated", "rotated"]);
    expect(services.held("AUTHING_APP_SECRET")).toBe(services.inForce.authing());
    expect(services.held("CLOUDROOM_APP_SECRET", "")).toBe(services.inForce.cloudroom());

    const again = await services.run({ workflow, event: schedule, files });
    expectGreen(again);
    expect(outputs(again, "status")).toEqual(["planned"]);
  });
});

describe("the examples", () => {
  // Comes after them; chosen alone, it has nothing to look at.
  test("were all run, the README's copy in place of authing.yml", () => {
    expect([...new Set([...shown, "examples/workflows/authing.yml"])].sort()).toEqual(exampleWorkflows);
  });
});

/** The rotations file that a workflow shows in the comment at its top. */
function rotationsFileIn(workflow: string): string {
  return [...workflow.matchAll(/^# {5}(.*)$/gm)].map(([, line = ""]) => `${line}\n`).join("");
}

describe("a job", () => {
  /** The steps behind the rotation of the README. */
  const withSteps = (steps: string): string =>
    fromReadme("Rotate the Authing secret").replace(
      "      - uses: OWNER/",
      "      - id: rotate\n        uses: OWNER/",
    ) + steps;

  test("has the outputs for its later steps, and hides the secret there whatever its form", async () => {
    await using services = await startServices();
    // A step that has the secret from elsewhere stands for whatever prints it by mistake.
    const told = withSteps(`
      - env:
          RESULTS: \${{ steps.rotate.outputs.results }}
          STATUS: \${{ steps.rotate.outputs.status }}
        run: |
          node -e '
            const [result] = JSON.parse(process.env.RESULTS);
            console.log("later step:", process.env.STATUS, result.targets[0].status);
            fetch(process.env.PROVIDER_SAYS).then((answer) => answer.text()).then((secret) => {
              console.log("plain", secret, "end");
              console.log("base64", Buffer.from(secret).toString("base64"), "end");
              console.log("hex", Buffer.from(secret).toString("hex"), "end");
            });
          '
`);
    await using spy = await spyOn(() => services.inForce.authing());
    const run = await services.run({ workflow: told, event: schedule, env: { PROVIDER_SAYS: spy.url } });
    expectGreen(run);
    expect(run.log).toContain("later step: rotated written");
    for (const form of ["plain", "base64", "hex"]) expect(run.log).toContain(`${form} *** end`);
  });

  test("that could not write everything is red, and its post step writes the rest once GitHub is back", async () => {
    await using services = await startServices();
    const { github } = services;
    const down = { kind: "answer", changed: false, status: 502, body: "" } as const;
    github.faults.arm(down, { method: "PUT", path: /\/secrets\/AUTHING_APP_SECRET$/, times: Infinity });
    const workflow = withSteps("").replace("secret-name:", "write-timeout: 2s\n          secret-name:");
    const run = await services.run({
      workflow,
      event: schedule,
      onLog: (log) => {
        if (log.includes("| incomplete: ")) github.faults.clear();
      },
    });
    expect(run.exitCode).not.toBe(0);
    expect(outputs(run, "status")).toEqual(["incomplete"]);
    expect(run.log).toMatch(/Success - Post OWNER/);
    expect(services.held("AUTHING_APP_SECRET")).toBe(services.inForce.authing());
  });

  test("whose post step cannot write either shows commands with which a person can", async () => {
    await using services = await startServices();
    const down = { kind: "answer", changed: false, status: 403, body: "{}" } as const;
    services.github.faults.arm(down, {
      method: "PUT",
      path: /\/secrets\/AUTHING_APP_SECRET$/,
      times: Infinity,
    });
    const workflow = withSteps("").replace("secret-name:", "write-timeout: 2s\n          secret-name:");
    const run = await services.run({ workflow, event: schedule, env: FAST_TIME });
    expect(run.exitCode).not.toBe(0);
    expect(run.log).toMatch(/gh api --method PUT \S*secrets\/AUTHING_APP_SECRET/);
    expect(services.held("AUTHING_APP_SECRET")).toBeUndefined();
  });
});

describe("the check of a run", () => {
  test("sees what act asks of a host that is not here", async () => {
    await using services = await startServices();
    const workflow = example("authing").replace(/OWNER\/\S+/, `acme/unknown@${"1".repeat(40)}`);
    await expect(services.run({ workflow, event: schedule })).rejects.toThrow(/CONNECT github\.com:443/);
  });

  test("sees a secret that nobody masks", async () => {
    await using services = await startServices();
    await using spy = await spyOn(() => services.inForce.authing());
    const workflow = fromReadme("Rotate the Authing secret").concat(`
      - run: |
          node -e 'fetch(process.env.PROVIDER_SAYS).then((answer) => answer.text()).then((secret) => {
            console.log(Buffer.from(secret.slice(1)).toString("hex") + Buffer.from("+" + secret).toString("base64"));
          });'
`);
    const run = services.run({ workflow, event: schedule, env: { PROVIDER_SAYS: spy.url } });
    await expect(run).rejects.toThrow(/base64 behind other bytes in act's log/);
  });
});
