import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";

const setup = "test/support/setup.ts";

export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
    setupFiles: existsSync(new URL(setup, import.meta.url)) ? [setup] : [],
    testTimeout: 20_000,
    // Small runners have two cores, and many tests start the built action as a process of its own.
    maxWorkers: 2,
    coverage: { provider: "v8", include: ["src/**/*.ts"] },
  },
});
