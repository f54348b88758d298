// What the service says, as handlers see it. JSON is parsed when it is first asked for: most steps look at some of it.
import { PayloadError } from "../errors.js";
import type { Assignment } from "../generated/tasker/v1/handler_service.js";
import type { Step as StepMessage } from "../generated/tasker/v1/task.js";
import { toDate, toMs } from "../duration.js";
import { parseJson, type JsonValue } from "../json.js";
import { Sequence } from "./sequence.js";
import { stepStateName } from "./states.js";
import { Step, StepView, type StepReports } from "./step.js";
import { Task, type TaskRequest } from "./task.js";

/** The class of the failure of an attempt whose assignment cannot be understood. */
export const INVALID_ASSIGNMENT = "Tasker::InvalidAssignment";

/** Parses a part of a message; one that is not JSON fails the attempt for good, by its name. */
function parsed(part: string, payload: Buffer): JsonValue {
  try {
    return parseJson(payload);
  } catch (error) {
    throw new PayloadError(INVALID_ASSIGNMENT, `${part}: ${(error as Error).message}`, { cause: error });
  }
}

function parsedObject(part: string, payload: Buffer): JsonValue {
  const value = parsed(part, payload);
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new PayloadError(INVALID_ASSIGNMENT, `${part}: is not a JSON object`);
  }
  return value;
}

/** What reads a part when it is first asked for; `otherwise` if it is empty. */
function reader(
  part: string,
  payload: Buffer,
  otherwise: () => JsonValue,
  parse: (part: string, payload: Buffer) => JsonValue = parsed,
): () => JsonValue {
  return payload.length === 0 ? otherwise : () => parse(part, payload);
}

const nothing = () => null;
const emptyObject = () => ({});

export function taskFrom(assignment: Assignment): Task {
  return new Task(
    {
      id: assignment.taskId,
      name: assignment.taskName,
      namespace: assignment.namespace,
      version: assignment.version,
      priority: assignment.priority,
      traceparent: assignment.traceparent,
      tracestate: assignment.tracestate,
      initiator: assignment.request?.initiator,
      tags: assignment.request?.tags,
    },
    reader("context", assignment.context, emptyObject, parsedObject),
  );
}

export function currentStepFrom(assignment: Assignment, reports?: StepReports): Step {
  const isItem = assignment.itemIndex !== undefined;
  return new Step(
    {
      name: assignment.stepName,
      id: assignment.stepId,
      handlerClass: assignment.handlerClass,
      handlerConfig: reader("handler_config", assignment.handlerConfig, emptyObject, parsedObject),
      attemptNumber: assignment.attemptNumber,
      retryLimit: assignment.retryLimit,
      item: isItem || assignment.item.length > 0 ? reader("item", assignment.item, nothing) : null,
      itemIndex: assignment.itemIndex,
      checkpointData: reader("checkpoint", assignment.checkpoint, nothing),
      startToCloseMs: toMs(assignment.startToClose),
      traceparent: assignment.traceparent,
      tracestate: assignment.tracestate,
      token: assignment.token,
    },
    reports,
  );
}

export function sequenceFrom(assignment: Assignment, current: Step, fetch?: () => Promise<StepView[]>): Sequence {
  const steps: StepView[] = assignment.dependencies.map(
    (each) =>
      new StepView(
        { name: each.stepName, state: stepStateName(each.state) },
        reader(`results of ${each.stepName}`, each.results, nothing),
      ),
  );
  steps.push(current);
  return new Sequence(steps, fetch);
}

export function storedStepFrom(step: StepMessage): StepView {
  return new StepView(
    {
      name: step.name,
      id: step.stepId,
      handlerClass: step.handlerClass,
      state: stepStateName(step.state),
      attemptNumber: step.attempts,
      retryLimit: step.retryLimit,
    },
    reader(`results of ${step.name}`, step.results, nothing),
  );
}

export function taskRequestFrom(assignment: Assignment, task: Task): TaskRequest {
  const request = assignment.request;
  return {
    name: task.name,
    namespace: task.namespace,
    version: task.version,
    context: task.context,
    initiator: request?.initiator || "unknown",
    sourceSystem: request?.sourceSystem || "unknown",
    reason: request?.reason || "unknown",
    tags: request?.tags ?? [],
    bypassSteps: request?.bypassSteps ?? [],
    requestedAt: toDate(request?.requestedAt),
    taskId: task.id,
  };
}
