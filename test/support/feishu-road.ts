import { randomBytes } from "node:crypto";
import { type RunningRelay, startRelay } from "../../examples/feishu-relay/testing-server.ts";
import { createFeishuEmulator, type FeishuEmulator } from "../emulators/feishu.ts";
import type { Dispatch } from "../emulators/github.ts";
import { listen } from "../emulators/listen.ts";
import type { Mounted, World } from "../emulators/world.ts";
import { type ActionOptions, type ActionRun, runAction } from "./runner.ts";

/**
 * The road of a ticket with `delivery: dispatch`, every part of it a process or a port of its own: the platform pushes
 * to the relay, the relay dispatches an event at GitHub, and that starts the built action.
 */
export interface FeishuRoad extends AsyncDisposable {
  readonly platform: FeishuEmulator & Mounted;
  readonly relay: RunningRelay;
  readonly appId: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Every credential on the road, for tests to look for. */
  readonly secrets: readonly string[];
  /** The secret in GitHub that the ticket goes to. */
  readonly target: { readonly repository: string; readonly environment: string; readonly name: string };
  /** Runs the action at an event, as a workflow would that listens to it. */
  run(event: ActionOptions["event"], change?: Partial<ActionOptions>): Promise<ActionRun>;
  /** The event that the relay has GitHub start next. */
  nextEvent(): Promise<NonNullable<ActionOptions["event"]>>;
}

/** @param how `workflow_dispatch` if the relay's token may do no more than that. */
export async function openFeishuRoad(
  { github, repository, token }: World,
  how: Dispatch["event"] = "repository_dispatch",
): Promise<FeishuRoad> {
  await using opened = new AsyncDisposableStack();
  const appId = `cli_${randomBytes(8).toString("hex")}`;
  const [appSecret, encryptKey] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const verificationToken = randomBytes(16).toString("hex");
  const dispatchToken = `github_pat_${randomBytes(41).toString("hex")}`;
  github.addToken(dispatchToken, {
    kind: "fine-grained",
    repositories: [repository],
    ...(how === "repository_dispatch" ? { contents: "write" } : { actions: "write" }),
  });

  const emulator = opened.use(createFeishuEmulator({ timeScale: 1_000 }));
  const platform = Object.assign(emulator, { url: opened.use(await listen(emulator)).url });
  platform.addApp({ appId, appSecret, encryptKey, verificationToken });
  const relay = opened.use(
    await startRelay({
      FEISHU_APP_ID: appId,
      FEISHU_ENCRYPT_KEY: encryptKey,
      FEISHU_VERIFICATION_TOKEN: verificationToken,
      GITHUB_REPOSITORY: repository,
      GITHUB_DISPATCH_TOKEN: dispatchToken,
      GITHUB_API_URL: github.url,
      ...(how === "repository_dispatch" ? {} : { GITHUB_WORKFLOW: "feishu.yml" }),
    }),
  );
  if (!(await platform.checkAddress(appId, `${relay.url}/feishu/callback`))) {
    throw new Error(`The relay did not answer the check of its address:\n${relay.lines.join("\n")}`);
  }

  const arrived: Dispatch[] = [];
  let wake = (): void => undefined;
  github.onDispatch = (dispatch) => {
    arrived.push(dispatch);
    wake();
  };
  const target = { repository, environment: "production", name: "FEISHU_APP_TICKET" };
  const inputs = {
    provider: "feishu",
    "api-url": platform.url,
    "app-id": appId,
    "app-secret": appSecret,
    "encrypt-key": encryptKey,
    "verification-token": verificationToken,
    environment: target.environment,
    "secret-name": target.name,
    "github-token": token,
  };
  const all = opened.move();
  return {
    platform,
    relay,
    appId,
    inputs,
    secrets: [appSecret, encryptKey, verificationToken, dispatchToken, token],
    target,
    run: (event, change = {}) =>
      runAction({
        apiUrl: github.url,
        repository,
        ...(event === undefined ? {} : { event }),
        ...change,
        inputs: { ...inputs, ...change.inputs },
      }),
    async nextEvent() {
      for (;;) {
        const dispatch = arrived.shift();
        if (dispatch !== undefined) return toEvent(dispatch);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** What GitHub writes into the event file. */
function toEvent(dispatch: Dispatch): NonNullable<ActionOptions["event"]> {
  switch (dispatch.event) {
    case "repository_dispatch":
      return {
        name: dispatch.event,
        payload: { action: dispatch.eventType, client_payload: dispatch.payload, branch: "main" },
      };
    case "workflow_dispatch":
      return {
        name: dispatch.event,
        payload: { inputs: dispatch.inputs, ref: `refs/heads/${dispatch.ref}` },
      };
  }
}
