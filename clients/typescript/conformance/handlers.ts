// The classes that the conformance suite of tests/conformance asks for.
import { existsSync } from "node:fs";
import { appendFile, rename, writeFile } from "node:fs/promises";
import {
  BusinessError,
  PermanentError,
  RetryableError,
  Sequence,
  Step,
  StepHandler,
  Task,
  TaskHandler,
  type JsonValue,
  type TaskRequest,
  type Worker,
} from "@tasker/client";

const GATE_POLL_MS = 10;

class Echo extends StepHandler {
  async process(task: Task, sequence: Sequence, step: Step) {
    const others = sequence.dependencies.filter((each) => each !== step);
    return {
      context: task.context,
      config: step.handlerConfig,
      attempt: step.attemptNumber,
      item: step.item,
      item_index: step.itemIndex ?? null,
      checkpoint: step.checkpointData,
      previous: Object.fromEntries(others.map((each) => [each.name, each.results])),
      traceparent: step.traceparent,
    };
  }
}

class Fail extends StepHandler {
  process(task: Task): never {
    const fail = task.context.fail;
    switch (fail.kind) {
      case "retryable":
        throw new RetryableError(fail.message, {
          retryAfterMs: fail.retry_after === undefined ? undefined : Number(fail.retry_after) * 1000,
        });
      case "permanent":
        throw new PermanentError(fail.message);
      case "business":
        throw new BusinessError(fail.error_class, fail.message, fail.details);
      default:
        throw new Error(fail.message);
    }
  }
}

class Hold extends StepHandler {
  async process(task: Task, _sequence: Sequence, step: Step): Promise<JsonValue> {
    const { journal, gate, on_cancel } = task.context;
    await appendFile(journal, `${step.id} ${step.attemptNumber}\n`);
    try {
      while (!existsSync(gate)) {
        await step.sleep(GATE_POLL_MS);
      }
    } catch (error) {
      if (step.cancelled && on_cancel === "succeed") {
        return { cancelled: step.cancelReason };
      }
      throw error;
    }
    return { released: true };
  }
}

class Checkpoint extends StepHandler {
  process(task: Task, _sequence: Sequence, step: Step) {
    const count = (step.checkpointData?.count ?? 0) + 1;
    step.checkpoint({ count });
    if (count < task.context.times) {
      throw new RetryableError(`${count} of ${task.context.times}`);
    }
    return { count };
  }
}

class Progress extends Hold {
  override process(task: Task, sequence: Sequence, step: Step) {
    step.progress(0.5, "half");
    return super.process(task, sequence, step);
  }
}

class Deferred extends StepHandler {
  async process(task: Task, _sequence: Sequence, step: Step) {
    const { token_file, timeout } = task.context;
    await writeFile(`${token_file}.new`, step.token);
    await rename(`${token_file}.new`, token_file);
    step.defer(timeout == null ? undefined : Number(timeout) * 1000);
  }
}

class ConformanceTask extends TaskHandler {
  override validateTaskRequest(request: TaskRequest) {
    if (request.context.refuse_retryable) {
      throw new RetryableError(String(request.context.refuse_retryable));
    }
    if (request.context.refuse) {
      throw new Error(request.context.refuse);
    }
  }

  override initializeTaskContext(request: TaskRequest) {
    return { ...request.context, initialized: true };
  }
}

/** Registers all of them. */
export function registerAll(worker: Worker): Worker {
  return worker
    .register("Conformance::Echo", Echo)
    .register("Conformance::Fail", Fail)
    .register("Conformance::Hold", Hold)
    .register("Conformance::Checkpoint", Checkpoint)
    .register("Conformance::Progress", Progress)
    .register("Conformance::Large", (task) => ({ data: "x".repeat(task.context.bytes) }))
    .register("Conformance::Events", (_task, _sequence, step) => {
      step.publish("conformance.happened", { n: 1 });
      return {};
    })
    .register("Conformance::Deferred", Deferred)
    .register("Conformance::Unserializable", () => ({ not: Number.NaN }))
    .register("Conformance::Sequence", async (task, sequence) => ({
      results: (await sequence.findStepByName(task.context.step)).results,
    }))
    .registerTaskHandler("Conformance::Task", ConformanceTask);
}
