// The class that step handlers extend.
import type { JsonValue } from "./json.js";
import type { Sequence } from "./work/sequence.js";
import type { Step } from "./work/step.js";
import type { Task } from "./work/task.js";

/**
 * Does the work of steps. One instance serves all steps of its class, several at a time: keep what belongs to one
 * attempt in local variables.
 */
export abstract class StepHandler {
  /**
   * Does one attempt. What it returns becomes the step's results; what it throws fails the attempt (see
   * `RetryableError`, `PermanentError`, `BusinessError`; any other error is tried again).
   */
  abstract process(task: Task, sequence: Sequence, step: Step): JsonValue | Promise<JsonValue>;

  /**
   * Makes the step's results of what `process` returned; `initialResults` is what `step.results` held before. Override
   * it to store something else than the output.
   */
  processResults(_step: Step, output: JsonValue, _initialResults: JsonValue): JsonValue | Promise<JsonValue> {
    return output;
  }

  /** A value out of an earlier step's results, or all of them without a key; undefined where there is nothing. */
  protected async getPreviousStepData(sequence: Sequence, stepName: string, key?: string): Promise<JsonValue> {
    const results = (await sequence.findStepByName(stepName)).results;
    return key === undefined ? results : results?.[key];
  }

  /** Publishes the event `custom.step_completed` with the attempt's result. */
  protected publishStepCompleted(step: Step, customData: Record<string, unknown> = {}): void {
    step.publish("custom.step_completed", customData);
  }
}
