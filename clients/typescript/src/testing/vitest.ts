// Fixtures for vitest. For other test runners, TaskerdServer is all that there is to it.
import { test } from "vitest";
import { TaskerdServer, type TaskerdOptions } from "./taskerd_server.js";

/**
 * vitest's `test` with a fixture `taskerd`: a real service of its own for each test that asks for it.
 *
 *     const test = taskerTest({ templates: ["config/order_process.yaml"] });
 *     test("an order completes", async ({ taskerd }) => { ... });
 */
export function taskerTest(options: TaskerdOptions = {}) {
  return test.extend<{ taskerd: TaskerdServer }>({
    // vitest reads the names of fixtures from this pattern; it needs one even if it is empty.
    taskerd: async ({}, use) => {
      const server = await TaskerdServer.start(options);
      try {
        await use(server);
      } finally {
        await server.stop();
      }
    },
  });
}
