import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { createAuthingEmulator } from "./authing.ts";
import { createCloudRoomEmulator } from "./cloudroom.ts";
import type { Emulator } from "./emulator.ts";
import { createFeishuWithInbox } from "./feishu-with-inbox.ts";
import { createGitHubEmulator, type GitHubEmulator, type SecretName } from "./github.ts";
import { createHuaweiAccount } from "./huawei/account.ts";
import { createHuaweiApigEmulator } from "./huawei-apig.ts";
import { createHuaweiCsmsEmulator } from "./huawei-csms.ts";
import { listen } from "./listen.ts";

/** GitHub and every provider on loopback ports, with one repository, and one app at each provider. */
export interface World extends AsyncDisposable {
  readonly github: GitHubEmulator & Mounted;
  /** `OWNER/REPO` of the only repository, which has the environments `production` and `eu/prod west`. */
  readonly repository: string;
  /** A fine-grained token that may write its secrets. */
  readonly token: string;
  readonly providers: Readonly<Record<WorldProvider, Emulator & Mounted>>;
  /** The inputs of a rotation of the provider's app, made up anew at each start. */
  readonly inputsFor: (provider: WorldProvider) => Record<string, string>;
  /** Where those inputs have the secret written. */
  readonly targetsOf: (provider: WorldProvider) => readonly WorldTarget[];
  /** The secret that the provider accepts at the moment. */
  readonly inForce: (provider: WorldProvider) => string;
  /** What a target is to hold at the moment: the secret in force, or its part. */
  readonly wanted: (provider: WorldProvider, target: WorldTarget) => string;
  /** What GitHub opened last of a target; `undefined` where nothing was ever written. */
  readonly held: (target: WorldTarget) => string | undefined;
}

export interface Mounted {
  /** Base URL without a trailing slash. */
  readonly url: string;
}

export interface WorldTarget extends SecretName {
  /** As in the input `targets`. */
  readonly text: string;
  /** Cuts what the target gets out of the secret. Default: all of it. */
  readonly cut?: (secret: string) => string;
}

export type WorldProvider = keyof typeof PROVIDERS;

/** Starts everything; disposing of the world closes the ports. */
export async function startWorld(): Promise<World> {
  await using opened = new AsyncDisposableStack();
  const mount = async <E extends Emulator>(emulator: E): Promise<E & Mounted> => {
    const { url } = opened.use(await listen(emulator));
    return Object.assign(emulator, { url });
  };

  const github = await mount(createGitHubEmulator());
  const token = `github_pat_${randomBytes(41).toString("hex")}`;
  github.addRepository(REPOSITORY, { environments: ["production", "eu/prod west"] });
  github.addToken(token, {
    kind: "fine-grained",
    repositories: [REPOSITORY],
    secrets: "write",
    environments: "write",
  });

  const members = new Map<string, Member>();
  const mounted = new Map<string, Emulator & Mounted>();
  for (const provider of worldProviders) {
    const member = PROVIDERS[provider]();
    members.set(provider, member);
    mounted.set(provider, await mount(member.emulator));
  }
  const find = <Value>(map: ReadonlyMap<string, Value>, provider: string): Value => {
    const found = map.get(provider);
    if (found === undefined) throw new Error(`The world has no provider ${provider}.`);
    return found;
  };

  const ports = opened.move();
  return {
    github,
    repository: REPOSITORY,
    token,
    providers: Object.fromEntries(mounted) as Readonly<Record<WorldProvider, Emulator & Mounted>>,
    inputsFor: (provider) => {
      const { inputs, targets } = find(members, provider);
      return {
        provider,
        "github-token": token,
        targets: targets.map(({ text }) => text).join("\n"),
        ...inputs(find(mounted, provider).url),
      };
    },
    targetsOf: (provider) => find(members, provider).targets,
    inForce: (provider) => find(members, provider).inForce(),
    wanted: (provider, { cut = (secret) => secret }) => cut(find(members, provider).inForce()),
    held: (target) => github.secret(target)?.value,
    [Symbol.asyncDispose]: () => ports.disposeAsync(),
  };
}

/** A provider as it takes part in the world. */
interface Member {
  readonly emulator: Emulator;
  /** All but `provider`, `github-token` and `targets`. */
  readonly inputs: (url: string) => Record<string, string>;
  readonly targets: readonly WorldTarget[];
  readonly inForce: () => string;
}

const REPOSITORY = "acme/web";

/** A new provider is one entry here: the demo, the stand-alone emulators and the runner's tests follow. */
const PROVIDERS = {
  authing: (): Member => {
    const emulator = createAuthingEmulator();
    const [userPoolId, appId] = [randomBytes(12).toString("hex"), randomBytes(12).toString("hex")];
    const accessKeySecret = randomBytes(16).toString("hex");
    emulator.addKey({ accessKeyId: userPoolId, accessKeySecret, userPoolId });
    emulator.addApp({ appId, userPoolId });
    return {
      emulator,
      inputs: (url) => ({
        "api-url": url,
        "app-url": url,
        "app-id": appId,
        "access-key-id": userPoolId,
        "access-key-secret": accessKeySecret,
      }),
      targets: [inEnvironment("production", "AUTHING_APP_SECRET"), inRepository("AUTHING_APP_SECRET")],
      inForce: () => emulator.app(appId).secret,
    };
  },

  cloudroom: (): Member => {
    const emulator = createCloudRoomEmulator();
    const compId = randomInt(100_000, 1_000_000);
    const [compSecret, appId] = [randomBytes(16).toString("hex"), `web-${randomBytes(4).toString("hex")}`];
    emulator.addCompany({ compId, compSecret });
    emulator.addProject({ compId, appId });
    return {
      emulator,
      inputs: (url) => ({
        "api-url": url,
        "app-id": appId,
        "comp-id": String(compId),
        "comp-secret": compSecret,
      }),
      targets: [inEnvironment("eu/prod west", "CLOUDROOM_APP_SECRET")],
      inForce: () => emulator.project(appId).secret,
    };
  },

  /** The ticket comes through an inbox; `test/support/feishu-road.ts` has the way through a relay and an event. */
  feishu: (): Member => {
    const appId = `cli_${randomBytes(8).toString("hex")}`;
    const [appSecret, encryptKey] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
    const [verificationToken, token] = [randomBytes(16).toString("hex"), randomBytes(20).toString("hex")];
    const { emulator, platform } = createFeishuWithInbox(
      { appId, appSecret, encryptKey, verificationToken },
      { token },
    );
    return {
      emulator,
      inputs: (url) => ({
        "api-url": url,
        "app-id": appId,
        "app-secret": appSecret,
        "encrypt-key": encryptKey,
        "verification-token": verificationToken,
        delivery: "inbox",
        "inbox-url": `${url}/inbox`,
        "inbox-token": token,
      }),
      targets: [inEnvironment("production", "FEISHU_APP_TICKET"), inRepository("FEISHU_APP_TICKET")],
      inForce: () => platform.app(appId).latest ?? "",
    };
  },

  "huawei-apig": (): Member => {
    const { account, inputs, projectId } = huaweiAccount();
    const emulator = createHuaweiApigEmulator({ account });
    const [id, appKey] = [randomUUID(), randomBytes(16).toString("hex")];
    const appSecret = randomBytes(20).toString("hex");
    emulator.addApp({ id, name: "login", remark: "the login page", appKey, appSecret, projectId });
    return {
      emulator,
      inputs: (url) => ({ ...inputs, "api-url": url, "app-id": id, "probe-url": `${url}/probe` }),
      targets: [inEnvironment("production", "APIG_APP_SECRET"), inRepository("APIG_APP_SECRET")],
      inForce: () => emulator.app(id).secret,
    };
  },

  "huawei-csms": (): Member => {
    const { account, inputs, projectId } = huaweiAccount();
    const emulator = createHuaweiCsmsEmulator({ account });
    const name = `orders-${randomBytes(4).toString("hex")}`;
    emulator.addSecret({ name, projectId, subType: "MultiUser" });
    const part = (pointer: string, secretName: string): WorldTarget => ({
      ...inEnvironment("eu/prod west", secretName, `?pointer=/${pointer}`),
      cut: (secret) => String((JSON.parse(secret) as Record<string, unknown>)[pointer]),
    });
    return {
      emulator,
      inputs: (url) => ({ ...inputs, "api-url": url, "app-id": name }),
      targets: [part("name", "DATABASE_USER"), part("password", "DATABASE_PASSWORD")],
      inForce: () => emulator.secret(name).current.value,
    };
  },
} satisfies Readonly<Record<string, () => Member>>;

function huaweiAccount() {
  const account = createHuaweiAccount();
  const projectId = randomBytes(16).toString("hex");
  const accessKeyId = randomBytes(10).toString("hex").toUpperCase();
  const secretAccessKey = randomBytes(20).toString("hex");
  account.addKey({ accessKeyId, secretAccessKey, projectId });
  const inputs = {
    region: "cn-north-4",
    "project-id": projectId,
    "access-key-id": accessKeyId,
    "access-key-secret": secretAccessKey,
  };
  return { account, inputs, projectId };
}

/** In the order in which they are shown. */
export const worldProviders = Object.keys(PROVIDERS) as readonly WorldProvider[];

function inRepository(name: string): WorldTarget {
  return { text: `repo:${REPOSITORY}#${name}`, repository: REPOSITORY, name };
}

function inEnvironment(environment: string, name: string, options = ""): WorldTarget {
  const text = `env:${REPOSITORY}/${environment.replaceAll(" ", "%20")}${options}#${name}`;
  return { text, repository: REPOSITORY, environment, name };
}
