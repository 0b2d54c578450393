import { expect, test } from "vitest";
import { createHttpService } from "../emulators/http-service.ts";
import { listen } from "../emulators/listen.ts";
import { startWorld } from "../emulators/world.ts";
import { openKeylessRoad } from "../support/keyless-road.ts";
import { runAction } from "../support/runner.ts";

/** Prints every file of the bundle that is loaded. */
const TELL = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  import { writeSync } from "node:fs";
  registerHooks({ load(url, context, next) {
    if (url.includes("/dist/")) writeSync(1, "loaded " + url.split("/").at(-1) + "\\n");
    return next(url, context);
  } });
`)}`;

const HTTP_FILE = (url: string): string => `rotations:
  - name: shop
    provider: http
    app-id: shop
    api-url: ${url}
    secret-name: SHOP_SECRET
    http: {url: "/a/{app-id}", pointer: /secret, auth: {headers: {X-Api-Key: a-key-of-nobody}}}
`;

test("the built action loads what few need only where it is used", async () => {
  await using world = await startWorld();
  await using road = await openKeylessRoad();
  await using service = await listen(createHttpService());
  const common = { "github-token": world.token, "secret-name": "A", mode: "plan" };
  const loadedBy = async (
    inputs: Readonly<Record<string, string>>,
    more: {
      readonly env?: Readonly<Record<string, string>>;
      readonly workspace?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<readonly string[]> => {
    const { main } = await runAction({
      apiUrl: world.github.url,
      nodeArguments: ["--import", TELL],
      ...more,
      inputs: { ...common, ...inputs },
      post: false,
    });
    return [...main.stdout.matchAll(/^loaded (\S+)$/gm)].flatMap(([, file]) => file ?? []);
  };

  const keys = { "access-key-id": "AK", "access-key-secret": "SecretKeyOfNobody" };
  const none = Object.fromEntries(
    ["oidc-agency-urn", "oidc-provider-urn", "oidc-audience", "sts-url"].map((name) => [name, ""]),
  );
  const withKeys = await loadedBy({ ...road.inputs, ...none, ...keys });
  const keyless = await loadedBy(road.inputs, { env: road.env });
  const withFile = await loadedBy({ config: "a.yml", "secret-name": "" }, { workspace: { "a.yml": FILE } });
  const described = await loadedBy(
    { config: "a.yml", "secret-name": "" },
    { workspace: { "a.yml": HTTP_FILE(service.url) } },
  );
  expect(withKeys).toContain("index.js");
  expect(keyless.filter((file) => !withKeys.includes(file))).toHaveLength(1);
  expect(described.filter((file) => !withFile.includes(file))).toHaveLength(1);
});

const FILE =
  "rotations: [{name: a, provider: cloudroom, app-id: a, comp-id: '1', comp-secret: secret, secret-name: A}]";
