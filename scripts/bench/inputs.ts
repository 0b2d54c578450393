import { stringify } from "yaml";
import type { ActionOptions } from "../../test/support/runner.ts";
import type { App, Place, Scene } from "./scene.ts";

/** How the action is told to rotate the secrets of a scene, with every check it has. */
export function optionsFor(
  scene: Scene,
  { rotateAfter }: { readonly rotateAfter?: string } = {},
): Pick<ActionOptions, "apiUrl" | "inputs" | "env" | "workspace"> {
  const { github, apps, token } = scene;
  const common = {
    ...commonInputs(scene),
    ...(rotateAfter === undefined ? {} : { "rotate-after": rotateAfter }),
  };
  const secret = scene.key.accessKeySecret;
  const [app, ...more] = apps;
  if (app !== undefined && more.length === 0) {
    const targets = targetsOf(app).join("\n");
    return {
      apiUrl: github.url,
      inputs: { ...common, "access-key-secret": secret, "app-id": app.appId, targets, "github-token": token },
    };
  }
  const file = {
    defaults: { ...common, "access-key-secret": "${ACCESS_KEY_SECRET}" },
    rotations: apps.map((each) => ({ name: each.appId, "app-id": each.appId, targets: targetsOf(each) })),
  };
  return {
    apiUrl: github.url,
    inputs: { config: "rotations.yml", "github-token": token },
    env: { ACCESS_KEY_SECRET: secret },
    workspace: { "rotations.yml": stringify(file) },
  };
}

function commonInputs({ authing, key }: Scene): Record<string, string> {
  return {
    provider: "authing",
    "api-url": authing.url,
    "app-url": authing.url,
    "access-key-id": key.accessKeyId,
  };
}

function targetsOf({ places, secretName }: App): readonly string[] {
  return places.map((place) => `${kindOf(place)}#${secretName}`);
}

function kindOf({ repository, environment }: Place): string {
  return environment === undefined ? `repo:${repository}` : `env:${repository}/${environment}`;
}
