import { randomBytes, randomUUID } from "node:crypto";
import { createAuthingEmulator, type AuthingEmulator } from "../emulators/authing.ts";
import { createCloudRoomEmulator, type CloudRoomEmulator } from "../emulators/cloudroom.ts";
import type { Emulator } from "../emulators/emulator.ts";
import { createFeishuWithInbox, type FeishuWithInbox } from "../emulators/feishu-with-inbox.ts";
import { createGitHubIdTokens, GITHUB_ISSUER } from "../emulators/github-id-tokens.ts";
import { createGitHubEmulator, type GitHubEmulator } from "../emulators/github.ts";
import { createHuaweiAccount } from "../emulators/huawei/account.ts";
import { createHuaweiApigEmulator, type HuaweiApigEmulator } from "../emulators/huawei-apig.ts";
import { createHuaweiCsmsEmulator, type HuaweiCsmsEmulator } from "../emulators/huawei-csms.ts";
import { createHuaweiSts } from "../emulators/huawei-sts.ts";
import { listen } from "../emulators/listen.ts";
import { leaksIn } from "../support/runner.ts";
import { type ActOptions, type ActRun, runAct } from "./act.ts";
import { type Network, startNetwork } from "./network.ts";

/** GitHub and all providers, with the apps, names and hosts of the example workflows. */
export interface Services extends AsyncDisposable {
  readonly github: GitHubEmulator;
  readonly authing: AuthingEmulator;
  readonly cloudroom: CloudRoomEmulator;
  readonly feishu: FeishuWithInbox;
  readonly apig: HuaweiApigEmulator;
  readonly csms: HuaweiCsmsEmulator;
  readonly network: Network;
  /** What the provider of an app accepts now. */
  readonly inForce: Readonly<Record<App, () => string>>;
  /** What GitHub holds under the name in the environment `production`, or in the repository. */
  held(name: string, environment?: string): string | undefined;
  /**
   * Runs a workflow with the secrets and variables that all examples together name, and holds it to what must be true
   * of every run: no secret shows in the log, and nothing was asked of any other host.
   */
  run(change: Pick<ActOptions, "workflow" | "event"> & Partial<ActOptions>): Promise<ActRun>;
}

export type App = "authing" | "cloudroom" | "feishu" | "apig" | "csms";

/** As the examples have them. */
const IDS = {
  repository: "acme/web",
  authing: "6229ffa0c0c0c0c0cade3e3d",
  cloudroom: "a1b2c3d4e5",
  feishu: "cli_a1b2c3d4e5f60001",
  apig: "14b399ac-967f-4115-bb62-c0346b4537e9",
  csms: "orders-database",
};

/** The host that gives a job its token. */
const ID_TOKENS = "pipelines.actions.githubusercontent.com";

/** @param gateway which kind the app of API Gateway is on; default one of its own. */
export async function startServices(gateway: "dedicated" | "shared" = "dedicated"): Promise<Services> {
  await using opened = new AsyncDisposableStack();
  const mount = async (emulator: Emulator): Promise<string> => opened.use(await listen(emulator)).url;
  const made = (bytes: number): string => randomBytes(bytes).toString("hex");

  const github = createGitHubEmulator();
  github.addRepository(IDS.repository, { environments: ["production", "rotation", "rotation-plan"] });
  const tokens = { write: `github_pat_${made(41)}`, read: `github_pat_${made(41)}`, app: `ghs_${made(18)}` };
  for (const [kind, token] of Object.entries(tokens)) {
    const access = kind === "read" ? "read" : "write";
    github.addToken(token, {
      kind: "fine-grained",
      repositories: [IDS.repository],
      secrets: access,
      environments: access,
    });
  }

  const authing = createAuthingEmulator();
  const authingKey = { accessKeyId: made(12), accessKeySecret: made(16), userPoolId: made(12) };
  authing.addKey(authingKey);
  authing.addApp({ appId: IDS.authing, userPoolId: authingKey.userPoolId });

  const cloudroom = createCloudRoomEmulator();
  const company = { compId: 4711, compSecret: made(16) };
  cloudroom.addCompany(company);
  cloudroom.addProject({ compId: company.compId, appId: IDS.cloudroom });

  const keys = { appSecret: made(16), encryptKey: made(16), verificationToken: made(16) };
  const inboxToken = made(20);
  const feishu = createFeishuWithInbox({ appId: IDS.feishu, ...keys }, { token: inboxToken });
  opened.use(feishu.platform);

  const account = createHuaweiAccount();
  const projectId = made(16);
  const huaweiKey = { accessKeyId: made(10).toUpperCase(), secretAccessKey: made(20) };
  account.addKey({ ...huaweiKey, projectId });
  const apig = createHuaweiApigEmulator({ account });
  const instanceId = randomUUID();
  apig.addProbe("/rotation-probe");
  apig.addApp({
    id: IDS.apig,
    name: "orders",
    appKey: made(16),
    appSecret: made(20),
    projectId,
    ...(gateway === "dedicated" ? { instanceId } : {}),
  });
  const csms = createHuaweiCsmsEmulator({ account });
  csms.addSecret({ name: IDS.csms, projectId, subType: "MultiUser" });

  const issuer = createGitHubIdTokens();
  const sts = createHuaweiSts({ account, fetch: (url) => issuer.handle(new Request(url)) });
  const agency = {
    urn: `iam::${made(16)}:agency:rotate`,
    providerUrn: `iam::${made(16)}:oidcProvider:github`,
  };
  sts.addProvider({
    urn: agency.providerUrn,
    issuer: GITHUB_ISSUER,
    clientIds: ["https://acme.example/huawei"],
  });
  sts.addAgency({ ...agency, subjects: [`repo:${IDS.repository}:environment:rotation`], projectId });
  const job = issuer.startJob({ repository: IDS.repository, environment: "rotation" });

  const urls = {
    issuer: await mount(issuer),
    sts: await mount(sts),
    github: await mount(github),
    authing: await mount(authing),
    cloudroom: await mount(cloudroom),
    feishu: await mount(feishu.emulator),
    apig: await mount(apig),
    csms: await mount(csms),
  };
  const network = opened.use(
    await startNetwork({
      "api.github.com": urls.github,
      [ID_TOKENS]: urls.issuer,
      "sts.cn-north-4.myhuaweicloud.com": urls.sts,
      "api.authing.cn": urls.authing,
      "acme.authing.cn": urls.authing,
      "www.cloudroom.com": urls.cloudroom,
      "open.feishu.cn": urls.feishu,
      "relay.acme.example": urls.feishu,
      "apig.cn-north-4.myhuaweicloud.com": urls.apig,
      "api.acme.example": urls.apig,
      "kms.cn-north-4.myhuaweicloud.com": urls.csms,
    }),
  );

  const inForce: Services["inForce"] = {
    authing: () => authing.app(IDS.authing).secret,
    cloudroom: () => cloudroom.project(IDS.cloudroom).secret,
    feishu: () => feishu.platform.app(IDS.feishu).latest ?? "",
    apig: () => apig.app(IDS.apig).secret,
    csms: () => csms.secret(IDS.csms).current.value,
  };
  const vars = {
    AUTHING_KEY_ID: authingKey.accessKeyId,
    CLOUDROOM_COMP_ID: String(company.compId),
    HUAWEI_PROJECT_ID: projectId,
    APIG_INSTANCE_ID: instanceId,
    HUAWEI_ACCESS_KEY_ID: huaweiKey.accessKeyId,
    HUAWEI_AGENCY_URN: agency.urn,
    HUAWEI_OIDC_PROVIDER_URN: agency.providerUrn,
    ROTATION_APP_CLIENT_ID: "Iv23liA1B2C3D4E5F6G7",
  };
  const secrets = {
    AUTHING_KEY_SECRET: authingKey.accessKeySecret,
    CLOUDROOM_COMP_SECRET: company.compSecret,
    FEISHU_APP_SECRET: keys.appSecret,
    FEISHU_ENCRYPT_KEY: keys.encryptKey,
    FEISHU_VERIFICATION_TOKEN: keys.verificationToken,
    FEISHU_INBOX_TOKEN: inboxToken,
    HUAWEI_ACCESS_KEY_SECRET: huaweiKey.secretAccessKey,
    ROTATION_TOKEN: tokens.write,
    ROTATION_READ_TOKEN: tokens.read,
    ROTATION_APP_PRIVATE_KEY: made(40),
  };

  const ports = opened.move();
  return {
    github,
    authing,
    cloudroom,
    feishu,
    apig,
    csms,
    network,
    inForce,
    held: (name, environment = "production") =>
      github.secret({
        repository: IDS.repository,
        name,
        ...(environment === "" ? {} : { environment }),
      })?.value,
    async run(change) {
      const everInForce = (): readonly string[] =>
        Object.values(inForce)
          .map((get) => get())
          .filter((secret) => secret !== "");
      const before = everInForce();
      const run = await runAct({
        network,
        vars,
        appToken: tokens.app,
        ...change,
        env: {
          ACTIONS_ID_TOKEN_REQUEST_URL: `https://${ID_TOKENS}${job.requestPath}`,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.requestToken,
          ...change.env,
        },
        secrets: {
          ...secrets,
          ...(gateway === "shared" ? { APIG_APP_SECRET: inForce.apig() } : {}),
          ...change.secrets,
        },
      });
      const obtained = [authing, feishu.emulator].flatMap(({ requests }) =>
        requests.flatMap(({ answer }) => /"(?:app_)?access_token":"([^"]+)"/.exec(answer)?.[1] ?? []),
      );
      const keyless = [
        job.requestToken,
        ...issuer.issued,
        ...sts.sessions.flatMap(({ secretAccessKey, securityToken }) => [secretAccessKey, securityToken]),
      ];
      const hidden = [
        ...keyless,
        ...Object.values(secrets),
        tokens.app,
        ...before,
        ...everInForce(),
        ...obtained,
      ];
      const found = leaksIn({ "act's log": run.log }, [...new Set(hidden)]);
      if (found.length > 0) throw new Error(found.join("\n"));
      if (network.strangers.length > 0) {
        throw new Error(`Something was asked of another host:\n${network.strangers.join("\n")}`);
      }
      return run;
    },
    [Symbol.asyncDispose]: () => ports.disposeAsync(),
  };
}

/** Answers every request with a text, for steps that have the secret from elsewhere. */
export async function spyOn(text: () => string): Promise<AsyncDisposable & { readonly url: string }> {
  return listen({
    name: "spy",
    requests: [],
    faults: { arm: () => undefined, clear: () => undefined, latency: 0 },
    handle: () => Promise.resolve(new Response(text())),
  });
}
