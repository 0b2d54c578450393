import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { finish } from "../src/finish.ts";
import type { SecretBody } from "../src/github/seal.ts";
import { parseTarget } from "../src/github/target.ts";
import { createFakeClock } from "./support/fake-clock.ts";

/** The arguments that a shell would hand to gh, for one target that could not be written. */
async function argumentsFor(
  target: string,
  value: SecretBody,
  host = "github.com",
): Promise<readonly string[]> {
  const refuse = (): Promise<never> =>
    Promise.reject(RotationError.of("GITHUB_REJECTED", { action: "write secret APP_SECRET", status: 422 }));
  const clock = createFakeClock();
  const { commands } = await finish(
    {
      rotation: "authing",
      marker: undefined,
      rotating: true,
      sealed: 1,
      unsent: [{ target: parseTarget(target), value }],
    },
    {
      store: { open: refuse, publicKey: refuse, write: refuse, updatedAt: refuse, remove: refuse },
      clock,
      host,
      onWait: () => undefined,
      deadline: clock.now() + 1_000,
    },
  );
  expect(commands).toHaveLength(1);
  // A shell that prints its arguments, one to a line, in place of gh.
  const script = `gh() { printf '%s\\n' "$@"; }; ${commands.join("; ")}`;
  return execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
}

it("prints commands in which no text from outside can become one of its own", async () => {
  const keyId = "1'; echo hacked; '";
  const value = { encrypted_value: "c2VhbGVk", key_id: keyId };
  expect(await argumentsFor("env:acme/web/it's#APP_SECRET", value)).toEqual([
    ...["api", "--method", "PUT", "/repos/acme/web/environments/it%27s/secrets/APP_SECRET"],
    ...["-f", "encrypted_value=c2VhbGVk", "-f", `key_id=${keyId}`],
  ]);
});

const sealed = { encrypted_value: "c2VhbGVk", key_id: "1" };
const SEALED = ["-f", "encrypted_value=c2VhbGVk", "-f", "key_id=1"];

it.each([
  ["private", { visibility: "private" }, []],
  [
    "selected, with nobody",
    { visibility: "selected", selected_repository_ids: [] },
    ["-F", "selected_repository_ids[]"],
  ],
  [
    "selected, with some",
    { visibility: "selected", selected_repository_ids: [12, 345] },
    ["-F", "selected_repository_ids[]=12", "-F", "selected_repository_ids[]=345"],
  ],
] as const)("prints commands that say who may use an organization's secret (%s)", async (_, access, list) => {
  expect(await argumentsFor("org:acme#APP_SECRET", { ...sealed, ...access })).toEqual([
    ...["api", "--method", "PUT", "/orgs/acme/actions/secrets/APP_SECRET", ...SEALED],
    ...["-f", `visibility=${access.visibility}`, ...list],
  ]);
});

it("prints commands for Dependabot's store, at whatever host", async () => {
  expect(await argumentsFor("dependabot:acme/web#APP_SECRET", sealed, "github.acme.example")).toEqual([
    ...["api", "--hostname", "github.acme.example", "--method", "PUT"],
    ...["/repos/acme/web/dependabot/secrets/APP_SECRET", ...SEALED],
  ]);
});
