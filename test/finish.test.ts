import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { RotationError } from "../src/errors.ts";
import { finish } from "../src/finish.ts";
import { parseTarget } from "../src/github/target.ts";
import { createFakeClock } from "./support/fake-clock.ts";

it("prints commands in which no text from outside can become one of its own", async () => {
  const refuse = (): Promise<never> =>
    Promise.reject(RotationError.of("GITHUB_REJECTED", { action: "write secret APP_SECRET", status: 422 }));
  const clock = createFakeClock();
  const keyId = "1'; echo hacked; '";
  const { commands } = await finish(
    {
      rotation: "authing",
      marker: undefined,
      rotating: true,
      sealed: 1,
      unsent: [
        {
          target: parseTarget("env:acme/web/it's#APP_SECRET"),
          value: { encrypted_value: "c2VhbGVk", key_id: keyId },
        },
      ],
    },
    {
      store: { open: refuse, publicKey: refuse, write: refuse, updatedAt: refuse, remove: refuse },
      clock,
      host: "github.com",
      onWait: () => undefined,
      deadline: clock.now() + 1_000,
    },
  );
  // A shell that prints its arguments, one to a line, in place of gh.
  const script = `gh() { printf '%s\\n' "$@"; }; ${commands.join("; ")}`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n")).toEqual([
    ...["api", "--method", "PUT", "/repos/acme/web/environments/it%27s/secrets/APP_SECRET"],
    ...["-f", "encrypted_value=c2VhbGVk", "-f", `key_id=${keyId}`],
  ]);
});
