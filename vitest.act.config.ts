import { defineConfig } from "vitest/config";

/** The runs of act, which `npm run test:act` starts; they are no part of `npm test`. */
export default defineConfig({
  test: {
    environment: "node",
    include: ["test/act/**/*.act.ts"],
    setupFiles: ["test/support/setup.ts"],
    // A run of act takes some seconds, and starts processes of its own.
    testTimeout: 180_000,
    maxWorkers: 2,
  },
});
