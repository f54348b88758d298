// Tasks, steps and events made by hand, so that handlers and subscribers can be tested without a service.
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { parse as parseYaml } from "yaml";
import type { TaskerEvent } from "../events/event.js";
import type { JsonValue } from "../json.js";
import type { StepHandler } from "../step_handler.js";
import { Sequence } from "../work/sequence.js";
import { Step, StepView, type CurrentStepFields } from "../work/step.js";
import { Task, type TaskFields, type TaskRequest } from "../work/task.js";
import { runStep } from "../worker/executor.js";
import { stepHandlerFrom, type StepHandlerSource } from "../worker/worker.js";

/** A task with this context. */
export function makeTask(context: Record<string, unknown> = {}, fields: Partial<TaskFields> = {}): Task {
  return new Task({ id: randomUUID(), name: "task", namespace: "default", version: "1.0.0", ...fields }, context);
}

/** A step to be worked on. `cancel(reason)` cancels it; its `events` are those published, `deferral` says whether it was deferred. */
export function makeStep(name = "step", fields: Partial<CurrentStepFields> = {}): Step {
  return new Step({ attemptNumber: 1, retryLimit: 3, ...fields, name });
}

/** What a task handler is given. */
export function makeTaskRequest(context: Record<string, unknown> = {}, fields: Partial<TaskRequest> = {}): TaskRequest {
  return {
    taskId: randomUUID(),
    name: "task",
    namespace: "default",
    version: "1.0.0",
    context,
    initiator: "unknown",
    sourceSystem: "unknown",
    reason: "unknown",
    tags: [],
    bypassSteps: [],
    requestedAt: new Date(),
    ...fields,
  };
}

interface TemplateStep {
  name: string;
  handler_class?: string;
  default_retry_limit?: number;
}

function templateSteps(path: string): TemplateStep[] {
  const template: { step_templates?: TemplateStep[]; steps?: TemplateStep[] } = parseYaml(readFileSync(path, "utf8"));
  return template.step_templates ?? template.steps ?? [];
}

/**
 * The steps of a task: those with results are complete, the others pending. With a template (the path of its YAML) all
 * of its steps, in its order; a result of a step that it does not have is then an Error.
 */
export function buildSequenceFor(
  _task: Task,
  results: Readonly<Record<string, JsonValue>> = {},
  options: { template?: string } = {},
): Sequence {
  const steps: TemplateStep[] =
    options.template === undefined ? Object.keys(results).map((name) => ({ name })) : templateSteps(options.template);
  const names = steps.map((step) => step.name);
  const stranger = Object.keys(results).find((name) => !names.includes(name));
  if (stranger !== undefined) {
    throw new Error(`the template has no step ${JSON.stringify(stranger)}; it has ${names.join(", ")}`);
  }
  return new Sequence(
    steps.map((step) => {
      const done = Object.hasOwn(results, step.name);
      const { name, handler_class: handlerClass, default_retry_limit: retryLimit } = step;
      return new StepView({ name, handlerClass, retryLimit, state: done ? "complete" : "pending" }, results[name] ?? null);
    }),
  );
}

/** What `runHandler` gives a handler beside the defaults. */
export interface RunInput {
  task?: Task;
  sequence?: Sequence;
  step?: Step;
}

/** Runs one attempt as a worker would: `process`, then `processResults`. Gives the results, or throws what it threw. */
export async function runHandler(handler: StepHandlerSource | StepHandler, input: RunInput = {}): Promise<JsonValue> {
  const task = input.task ?? makeTask();
  const sequence = input.sequence ?? buildSequenceFor(task);
  return runStep(stepHandlerFrom(handler), task, sequence, input.step ?? makeStep());
}

/** An event as a subscriber is given it. Its category is told by its name. */
export function fakeEvent(name: string, fields: Partial<TaskerEvent> = {}): TaskerEvent {
  const first = name.split(".")[0]!;
  const known = ["task", "step", "workflow", "observability"].includes(first);
  return {
    id: randomUUID(),
    name,
    category: known ? first : ["handler", "subscriber"].includes(first) ? "registry" : "custom",
    timestamp: new Date(),
    cursor: "",
    taskId: randomUUID(),
    taskName: "task",
    namespace: "default",
    version: "1.0.0",
    stepId: "",
    stepName: "",
    attemptNumber: 0,
    payload: {},
    ...fields,
  };
}
