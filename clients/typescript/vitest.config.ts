import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts", "examples/**/*.test.ts"],
    // Nobody waits for a clock: only what would hang meets this.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The machine is shared; each worker may have a service of its own.
    maxWorkers: 2,
  },
});
