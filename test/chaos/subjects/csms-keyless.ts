import { randomBytes } from "node:crypto";
import { createEmulator } from "../../emulators/emulator.ts";
import { createGitHubIdTokens, GITHUB_ISSUER } from "../../emulators/github-id-tokens.ts";
import { createHuaweiSts } from "../../emulators/huawei-sts.ts";
import { csms, openCsms } from "./csms.ts";
import { huaweiAccount, huaweiRefusals } from "./huawei.ts";
import type { Role, Subject } from "./subject.ts";

/** CSMS without stored keys: GitHub's token service, STS and CSMS behind one gate. */
export const csmsKeyless: Subject = {
  ...csms,
  roles: { rotate: withTrade(csms.roles.rotate), sync: withTrade(csms.roles.sync) },
  own: (request) => {
    switch (request) {
      case "job":
        return [{ name: "own-401", status: 401, body: { message: "Unauthorized" }, lasts: true }];
      case "trade":
        return huaweiRefusals((error) => error);
      default:
        return csms.own(request);
    }
  },
  open: (clock) => {
    const { account, inputs: withKeys, projectId } = huaweiAccount(clock);
    const { region } = withKeys;
    const service = openCsms(clock, account, projectId);
    const issuer = createGitHubIdTokens({ now: clock.now });
    const sts = createHuaweiSts({ account, fetch: (url) => issuer.handle(new Request(url)) });
    const domain = randomBytes(16).toString("hex");
    const [provider, agency] = [`iam::${domain}:oidcProvider:github`, `iam::${domain}:agency:rotate`];
    const audience = "https://acme.example/huawei";
    const job = issuer.startJob({ repository: "acme/web", environment: "rotation" });
    sts.addProvider({ urn: provider, issuer: GITHUB_ISSUER, clientIds: [audience] });
    sts.addAgency({ urn: agency, providerUrn: provider, subjects: [job.subject], projectId });
    const emulator = createEmulator("huawei-csms-keyless", ({ method, url, path, headers, body }) => {
      const bodiless = method === "GET" || method === "HEAD";
      const request = new Request(url, { method, headers, body: bodiless ? null : body });
      if (path.startsWith("/_apis/")) return issuer.handle(request);
      return path.startsWith("/v5/") ? sts.handle(request) : service.emulator.handle(request);
    });
    return {
      ...service,
      emulator,
      inputs: (url) => ({
        ...service.inputs(url, undefined),
        region,
        "project-id": projectId,
        "oidc-agency-urn": agency,
        "oidc-provider-urn": provider,
        "oidc-audience": audience,
        "sts-url": url,
      }),
      around: (_mode, url) =>
        Promise.resolve({
          env: {
            ACTIONS_ID_TOKEN_REQUEST_URL: `${url}${job.requestPath}`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: job.requestToken,
          },
        }),
      credentials: [job.requestToken],
      nameOf: (arrival) => {
        if (arrival.path.startsWith("/_apis/")) return "job";
        return arrival.path.startsWith("/v5/") ? "trade" : service.nameOf(arrival);
      },
    };
  },
};

function withTrade(roles: Readonly<Record<string, Role>> = {}): Readonly<Record<string, Role>> {
  return { "job-1": "read", "trade-1": "read", ...roles };
}
