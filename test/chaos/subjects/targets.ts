import type { ChaosTarget } from "./subject.ts";

const REPOSITORY = "acme/web";

export function inRepository(name: string): ChaosTarget {
  return { text: `repo:${REPOSITORY}#${name}`, name, formOf: (secret) => secret };
}

export function inEnvironment(environment: string, name: string, options = ""): ChaosTarget {
  const text = `env:${REPOSITORY}/${environment.replaceAll(" ", "%20")}${options}#${name}`;
  return { text, environment, name, formOf: (secret) => secret };
}
