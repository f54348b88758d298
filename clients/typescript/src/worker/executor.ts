// Running user code for an attempt, from its assignment to its result.
import { PermanentError, RetryableError } from "../errors.js";
import { AssignmentKind, type StepResult } from "../generated/tasker/v1/handler_service.js";
import type { StepHandler } from "../step_handler.js";
import type { TaskHandler } from "../task_handler.js";
import { sequenceFrom, taskFrom, taskRequestFrom } from "../work/from_proto.js";
import type { Sequence } from "../work/sequence.js";
import type { Step, StepView } from "../work/step.js";
import type { Task } from "../work/task.js";
import type { Attempt } from "./attempt.js";
import { deferralOf, failureOf, successOf } from "./outcome.js";
import type { Registry } from "./registry.js";

/** An assignment asks for a class that this worker did not register. */
export class UnknownHandlerClass extends PermanentError {
  override name = "UnknownHandlerClass";
}

/** An assignment is of a kind that this client does not know. */
export class UnknownAssignmentKind extends PermanentError {
  override name = "UnknownAssignmentKind";
}

/** What running an attempt needs of its surroundings. */
export interface ExecutionContext {
  readonly handlers: Registry<StepHandler>;
  readonly taskHandlers: Registry<TaskHandler>;
  /** The longest results in bytes; 0: any. */
  readonly payloadBytesMax: number;
  /** All steps of a task, as they are stored. */
  fetchSteps(taskId: string, signal: AbortSignal): Promise<StepView[]>;
}

/** Runs a handler as the engine would. */
export async function runStep(handler: StepHandler, task: Task, sequence: Sequence, step: Step): Promise<unknown> {
  const initialResults = step.results;
  const output: unknown = await handler.process(task, sequence, step);
  return handler.processResults(step, output, initialResults);
}

/** Runs an attempt. Whatever goes wrong becomes a failure: never rejects. */
export async function execute(attempt: Attempt, context: ExecutionContext): Promise<StepResult> {
  const { token, step, assignment } = attempt;
  let result: StepResult;
  try {
    const output =
      assignment.kind === AssignmentKind.INITIALIZE_TASK
        ? await initializeTask(attempt, context)
        : await processStep(attempt, context);
    result =
      step.deferral === undefined
        ? successOf(token, output, context.payloadBytesMax)
        : deferralOf(token, step.deferral.timeoutMs);
  } catch (thrown) {
    result = failureOf(token, thrown, step.cancelled || attempt.refused);
  }
  result.events = step.events;
  return result;
}

function processStep(attempt: Attempt, context: ExecutionContext): Promise<unknown> {
  const { assignment, step } = attempt;
  if (assignment.kind !== AssignmentKind.UNSPECIFIED) {
    throw new UnknownAssignmentKind(`this client knows no assignment of kind ${assignment.kind}`);
  }
  const handler = context.handlers.find(assignment.handlerClass, assignment.namespace, assignment.version);
  if (handler === undefined) {
    throw new UnknownHandlerClass(`no handler is registered for ${JSON.stringify(assignment.handlerClass)}`);
  }
  const sequence = sequenceFrom(assignment, step, () => context.fetchSteps(assignment.taskId, step.signal));
  return runStep(handler, taskFrom(assignment), sequence, step);
}

async function initializeTask(attempt: Attempt, context: ExecutionContext): Promise<unknown> {
  const { assignment } = attempt;
  const handler = context.taskHandlers.find(assignment.handlerClass, assignment.namespace, assignment.version);
  if (handler === undefined) {
    throw new UnknownHandlerClass(`no task handler is registered for ${JSON.stringify(assignment.handlerClass)}`);
  }
  const request = taskRequestFrom(assignment, taskFrom(assignment));
  try {
    await handler.validateTaskRequest(request);
  } catch (thrown) {
    attempt.refused = !(thrown instanceof RetryableError);
    throw thrown;
  }
  return handler.initializeTaskContext(request);
}
