import { randomBytes } from "node:crypto";
import type { Emulator } from "../emulators/emulator.ts";
import { createGitHubIdTokens, type GitHubIdTokensEmulator } from "../emulators/github-id-tokens.ts";
import { createHuaweiCsmsEmulator, type HuaweiCsmsEmulator } from "../emulators/huawei-csms.ts";
import { createHuaweiSts, type HuaweiStsEmulator } from "../emulators/huawei-sts.ts";
import { createHuaweiAccount } from "../emulators/huawei/account.ts";
import { listen } from "../emulators/listen.ts";
import type { Mounted } from "../emulators/world.ts";

/**
 * A CSMS secret that is rotated without stored keys, every service a port of its own: GitHub's issuer names the job, STS
 * checks that by the issuer's keys and gives temporary ones, CSMS takes those.
 */
export interface KeylessRoad extends AsyncDisposable {
  readonly issuer: GitHubIdTokensEmulator & Mounted;
  readonly sts: HuaweiStsEmulator & Mounted;
  readonly csms: HuaweiCsmsEmulator & Mounted;
  /** The secret's name. */
  readonly appId: string;
  /** All inputs but targets and `github-token`. */
  readonly inputs: Readonly<Record<string, string>>;
  /** What the runner tells a job with the permission `id-token: write`. */
  readonly env: Readonly<Record<string, string>>;
  /** Every credential on the road so far, for tests to look for. */
  secrets(): readonly string[];
}

/** @param subject the `sub` that the agency trusts. */
export async function openKeylessRoad(subject = "repo:acme/web:environment:rotation"): Promise<KeylessRoad> {
  await using opened = new AsyncDisposableStack();
  const mount = async <E extends Emulator>(emulator: E): Promise<E & Mounted> =>
    Object.assign(emulator, { url: opened.use(await listen(emulator)).url });

  const issuer: GitHubIdTokensEmulator & Mounted = await mount(
    createGitHubIdTokens({ issuer: () => issuer.url }),
  );
  const account = createHuaweiAccount();
  const sts = await mount(createHuaweiSts({ account }));
  const csms = await mount(createHuaweiCsmsEmulator({ account }));
  const [projectId, domainId] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const appId = `orders-${randomBytes(4).toString("hex")}`;
  csms.addSecret({ name: appId, projectId });
  const audience = "https://acme.example/huawei";
  const providerUrn = `iam::${domainId}:oidcProvider:github`;
  const agencyUrn = `iam::${domainId}:agency:rotate`;
  sts.addProvider({ urn: providerUrn, issuer: issuer.url, clientIds: [audience] });
  sts.addAgency({ urn: agencyUrn, providerUrn, subjects: [subject], projectId });
  const { requestPath, requestToken } = issuer.startJob({ repository: "acme/web", environment: "rotation" });

  const ports = opened.move();
  return {
    issuer,
    sts,
    csms,
    appId,
    inputs: {
      provider: "huawei-csms",
      "api-url": csms.url,
      "sts-url": sts.url,
      "app-id": appId,
      region: "cn-north-4",
      "project-id": projectId,
      "oidc-agency-urn": agencyUrn,
      "oidc-provider-urn": providerUrn,
      "oidc-audience": audience,
    },
    env: {
      ACTIONS_ID_TOKEN_REQUEST_URL: `${issuer.url}${requestPath}`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
    },
    secrets: () => [
      requestToken,
      ...issuer.issued,
      ...sts.sessions.flatMap(({ accessKeyId, secretAccessKey, securityToken }) => [
        accessKeyId,
        secretAccessKey,
        securityToken,
      ]),
    ],
    [Symbol.asyncDispose]: () => ports.disposeAsync(),
  };
}
