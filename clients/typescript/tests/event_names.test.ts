import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { EventNames } from "../src/index.js";

interface Row {
  name: string;
  alias_of?: string;
}

test("each event of the catalog is a constant", () => {
  const file = new URL("../../ruby/lib/tasker/events/catalog.json", import.meta.url);
  const rows = (JSON.parse(readFileSync(file, "utf8")) as { events: Row[] }).events;
  const names = rows.filter((row) => row.alias_of === undefined).map((row) => row.name);
  expect(Object.values(EventNames)).toEqual(names);
  expect(EventNames.StepCompleted).toBe("step.completed");
  expect(EventNames.ObservabilityStepBackoff).toBe("observability.step.backoff");
});
