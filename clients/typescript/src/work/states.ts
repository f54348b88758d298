// States of tasks and steps by name.
import { StepState, TaskState } from "../generated/tasker/v1/task.js";

/** Where a step stands. */
export type StepStateName =
  | "pending"
  | "enqueued"
  | "in_progress"
  | "waiting_for_retry"
  | "complete"
  | "error"
  | "cancelled"
  | "skipped"
  | "resolved_manually"
  | "unknown";

/** Where a task stands. */
export type TaskStateName =
  | "pending"
  | "in_progress"
  | "complete"
  | "error"
  | "cancelled"
  | "resolved_manually"
  | "unknown";

/** States that a task leaves only when an operator asks for it. */
export const FINISHED: ReadonlySet<TaskStateName> = new Set(["complete", "error", "cancelled", "resolved_manually"]);

function named<Name extends string>(states: Record<number, string>, state: number): Name | "unknown" {
  return state > 0 && states[state] !== undefined ? (states[state].toLowerCase() as Name) : "unknown";
}

/** `StepState.COMPLETE` is `complete`; one that this client does not know is `unknown`. */
export function stepStateName(state: StepState): StepStateName {
  return named(StepState as unknown as Record<number, string>, state);
}

/** As `stepStateName`. */
export function taskStateName(state: TaskState): TaskStateName {
  return named(TaskState as unknown as Record<number, string>, state);
}

/** The state of a name; UNSPECIFIED for undefined. */
export function taskStateOf(name: TaskStateName | undefined): TaskState {
  const states = TaskState as unknown as Record<string, TaskState>;
  return name === undefined ? TaskState.UNSPECIFIED : (states[name.toUpperCase()] ?? TaskState.UNSPECIFIED);
}
