import {
  createGitHubIdTokens,
  GITHUB_ISSUER,
  type GitHubIdTokensEmulator,
} from "../emulators/github-id-tokens.ts";
import { createHuaweiSts, type HuaweiStsEmulator } from "../emulators/huawei-sts.ts";
import type { HuaweiAccount } from "../emulators/huawei/account.ts";
import type { FakeClock } from "./fake-clock.ts";
import { accountAt, type HuaweiService, PROJECT } from "./huawei-services.ts";

/** A service of Huawei Cloud whose calls take no stored key: an issuer of tokens and STS stand beside it. */
export type Keyless<Kind extends HuaweiService> = Kind & {
  readonly issuer: GitHubIdTokensEmulator;
  readonly sts: HuaweiStsEmulator;
  /** The token by which the job asks for others. */
  readonly requestToken: string;
};

export const AGENCY = "iam::0123456789abcdef0123456789abcdef:agency:rotate-app-secret";
export const OIDC_PROVIDER = "iam::0123456789abcdef0123456789abcdef:oidcProvider:github";
export const AUDIENCE = "https://iam.example.test/rotate app&secret";
export const STS = "sts.cn-north-4.myhuaweicloud.com";

/** Sets the same service up without keys; its job runs in the environment `rotation` of `acme/web`. */
export function keyless<Kind extends HuaweiService>(
  kit: (clock: FakeClock, account: HuaweiAccount) => Kind,
): (clock: FakeClock) => Keyless<Kind> {
  return (clock) => {
    const account = accountAt(clock);
    const issuer = createGitHubIdTokens({ now: () => clock.now() });
    const sts = createHuaweiSts({ account, fetch: (url) => issuer.handle(new Request(url)) });
    const job = issuer.startJob({ repository: "acme/web", environment: "rotation" });
    sts.addProvider({ urn: OIDC_PROVIDER, issuer: GITHUB_ISSUER, clientIds: [AUDIENCE] });
    sts.addAgency({ urn: AGENCY, providerUrn: OIDC_PROVIDER, subjects: [job.subject], projectId: PROJECT });
    const service = kit(clock, account);
    const { requestToken } = job;
    return {
      ...service,
      issuer,
      sts,
      requestToken,
      beside: { [STS]: sts, "pipelines.example.test": issuer },
      idTokens: { url: `https://pipelines.example.test${job.requestPath}`, requestToken },
      inputs: {
        ...service.inputs,
        "access-key-id": "",
        "access-key-secret": "",
        "security-token": "",
        "oidc-agency-urn": AGENCY,
        "oidc-provider-urn": OIDC_PROVIDER,
        "oidc-audience": AUDIENCE,
      },
    };
  };
}
