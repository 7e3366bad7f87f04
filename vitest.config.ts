import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["packages/ptx/src/tested-forms-setup.fixture.ts"],
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
    // Generous: machines that run this are busy with other things at times.
    testTimeout: 60_000,
    maxWorkers: 2,
    // Modules are loaded once for each worker: importing them anew for every file took a sixth of the time. Tests leave no state behind in them.
    isolate: false,
  },
});
