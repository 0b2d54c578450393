import { defineConfig } from "vitest/config";

// Apart from the other tests, as it takes Java, Maven and minutes: `npm run test:keycloak`.
export default defineConfig({
  test: {
    include: ["test/keycloak/*.keycloak.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 300_000,
    maxWorkers: 1,
  },
});
