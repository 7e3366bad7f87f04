import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/src/**/*.test.ts", "test/**/*.test.ts"],
    // Generous: machines that run this are busy with other things at times.
    testTimeout: 60_000,
    maxWorkers: 2,
  },
});
