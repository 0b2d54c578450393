import { RotationError } from "../errors.ts";
import { parseTarget, type Target } from "../github/target.ts";
import { providers } from "../providers/index.ts";
import type { IdTokenService, ProviderContext, RunEvent } from "../providers/provider.ts";
import type { Rotation } from "../stages/stage.ts";
import type { Reader } from "./reader.ts";

/** What holds for all rotations of a step. */
export interface Step {
  readonly mode: Rotation["mode"];
  readonly force: boolean;
  readonly event: RunEvent;
  readonly idTokens?: IdTokenService | undefined;
  /** `OWNER/REPO` of the workflow. */
  readonly repository: string;
}

/** The values of the input `verify`. */
export const VERIFY = ["auto", "off"] as const;

/**
 * Reads the inputs of one rotation. Problems go to the reader.
 *
 * @returns undefined if there is no such provider.
 */
export function readRotation(
  name: string,
  {
    reader,
    step,
    context,
  }: { readonly reader: Reader; readonly step: Step; readonly context: ProviderContext },
): Rotation | undefined {
  const { mode, force, event, idTokens } = step;
  const providerId = reader.optional("provider") ?? "";
  const appId = readAppId(reader);
  const targets = readTargets(reader, step.repository);
  const rotateAfter = reader.duration("rotate-after");
  const verify = reader.choice("verify", VERIFY);
  const writeTimeout = reader.duration("write-timeout") ?? 10 * 60_000;

  const factory = Object.hasOwn(providers, providerId) ? providers[providerId] : undefined;
  if (factory === undefined) {
    const known = Object.keys(providers);
    reader.problem(RotationError.of("PROVIDER_UNKNOWN", { input: "provider", found: providerId, known }));
    return undefined;
  }
  const verifies = verify !== "off";
  const provider = factory({ ...reader, appId, mode, verifies, event, idTokens }, context);
  if (mode === "sync" && provider.read === undefined) {
    reader.problem(RotationError.of("SYNC_UNSUPPORTED", { input: "mode", provider: provider.title }), {
      input: "provider",
    });
  }
  return { name, providerId, appId, provider, targets, mode, force, rotateAfter, verify, writeTimeout };
}

function readAppId(reader: Reader): string {
  const appId = reader.optional("app-id") ?? "";
  if (appId === "") {
    reader.problem(
      RotationError.of("INPUT_MISSING", { input: "app-id", because: "it names the app to rotate" }),
    );
  }
  if (/\p{C}/u.test(appId)) {
    const expected = "the app's id on one line";
    reader.problem(
      RotationError.of("INPUT_INVALID", {
        input: "app-id",
        found: "a text with control characters",
        expected,
      }),
    );
  }
  return appId;
}

function readTargets(reader: Reader, ownRepository: string): readonly Target[] {
  const secretName = reader.optional("secret-name") ?? "";
  const listed = reader.optional("targets");
  const texts =
    listed === undefined
      ? readPlace(reader, ownRepository)
      : listed.split(/\r?\n/).map((line) => line.trim());
  // Has a default, so that it being set says nothing.
  reader.optional("repository");
  return texts.flatMap((text, item) => {
    if (text === "") return [];
    try {
      return [parseTarget(text, secretName)];
    } catch (thrown) {
      const error = RotationError.from(thrown);
      // A name that is nowhere is wanted by this target.
      const input = secretName === "" ? "targets" : (error.input ?? "targets");
      reader.problem(error, { input, item });
      return [];
    }
  });
}

/** The target of `repository` and `environment`, in the form that `targets` has; none if they are wrong. */
function readPlace(reader: Reader, ownRepository: string): readonly string[] {
  const repository = reader.optional("repository") ?? ownRepository;
  const environment = reader.optional("environment");
  if (!/^[^/\s?#%]+\/[^/\s?#%]+$/.test(repository)) {
    const found = repository === "" ? "empty" : `"${repository}"`;
    reader.problem(RotationError.of("INPUT_INVALID", { input: "repository", found, expected: "OWNER/REPO" }));
    return [];
  }
  return [
    environment === undefined ? `repo:${repository}` : `env:${repository}/${encodeURIComponent(environment)}`,
  ];
}
