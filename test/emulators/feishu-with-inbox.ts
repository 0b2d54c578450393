import { createEmulator, type Emulator } from "./emulator.ts";
import { createFeishuEmulator, type FeishuApp, type FeishuEmulator } from "./feishu.ts";
import { createFeishuInboxEmulator, type FeishuInboxEmulator } from "./feishu-inbox.ts";

/** The platform and a team's inbox behind one address, as the action sees them with `delivery: inbox`. */
export interface FeishuWithInbox {
  /** Answers for both: below `/open-apis/` the platform, elsewhere the inbox. */
  readonly emulator: Emulator;
  readonly platform: FeishuEmulator;
  readonly inbox: FeishuInboxEmulator;
}

/**
 * Whoever looks into the inbox finds what was pushed: a look waits for pushes under way, so that tests on a fake clock
 * need not.
 *
 * @param app pushes to the inbox.
 */
export function createFeishuWithInbox(
  app: Omit<FeishuApp, "requestUrl">,
  { token, now }: { readonly token: string; readonly now?: () => number },
): FeishuWithInbox {
  const clock = now === undefined ? {} : { now };
  const inbox = createFeishuInboxEmulator({ token, ...clock });
  const platform = createFeishuEmulator({
    ...clock,
    deliver: (request) => inbox.handle(request),
    timeScale: 1_000,
  });
  platform.addApp({ ...app, requestUrl: "https://relay.example.test/callback" });
  const emulator = createEmulator("feishu", async ({ method, path, headers, body }) => {
    const request = new Request(`https://feishu.example.test${path}`, {
      method,
      headers,
      body: method === "GET" ? null : body,
    });
    if (path.startsWith("/open-apis/")) return platform.handle(request);
    await platform.settled();
    return inbox.handle(request);
  });
  return { emulator, platform, inbox };
}
