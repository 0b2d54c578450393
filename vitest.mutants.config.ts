import { relative } from "node:path";
import { configDefaults, defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Runs the tests of the mutated file before all others: the first test that fails ends the run of a mutant. */
class OwnTestsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { root, related } = this.ctx.config;
    const own = (related ?? []).map((file) =>
      relative(root, file).replace(/^src\/(.*)\.ts$/, "test/$1.test.ts"),
    );
    const rank = ({ moduleId }: TestSpecification): number =>
      own.includes(relative(root, moduleId)) ? 0 : 1;
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

/**
 * The tests that `npm run mutants` runs on each change it makes to src/: those that call src/ within their own process.
 * What starts the built action runs dist/, which does not change with src/, and would take every mutant for survived.
 */
export default defineConfig({
  test: {
    environment: "node",
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      "test/{action,act,chaos,docs,emulators}/**",
      "test/boundaries.test.ts",
    ],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    sequence: { sequencer: OwnTestsFirst },
  },
});
