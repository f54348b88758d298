// An attempt that this process holds: from its assignment until its result is acknowledged.
import { toMs } from "../duration.js";
import type { Assignment, StepResult } from "../generated/tasker/v1/handler_service.js";
import { currentStepFrom } from "../work/from_proto.js";
import type { Step, StepReports } from "../work/step.js";
import type { Session } from "./session.js";

/** The text by which a token is looked up: one character a byte. */
export function keyOf(token: Buffer): string {
  return token.toString("latin1");
}

/** What is held of one attempt. */
export class Attempt implements StepReports {
  readonly key: string;
  readonly token: Buffer;
  readonly assignment: Assignment;
  readonly step: Step;
  /** The longest pause between two signs of life that its template allows; undefined: as for the lease. */
  readonly heartbeatMs: number | undefined;
  /** What became of it; undefined while it is worked on. */
  result: StepResult | undefined;
  /** Whether a task handler refused the task for good. */
  refused = false;
  /** The stream on which the result was sent. */
  sentOn: Session | undefined;
  /** The newest checkpoint, as JSON, and whether it is to be sent on the present stream. */
  checkpointData: Buffer | undefined;
  checkpointDue = false;
  /** Progress that is to be sent. */
  progressDue: { fraction: number | undefined; message: string } | undefined;
  readonly #report: (attempt: Attempt) => void;

  /** `report` is called whenever there is something new to tell of the attempt. */
  constructor(key: string, assignment: Assignment, report: (attempt: Attempt) => void) {
    this.key = key;
    this.token = assignment.token;
    this.assignment = assignment;
    this.heartbeatMs = toMs(assignment.heartbeatTimeout);
    this.#report = report;
    this.step = currentStepFrom(assignment, this);
  }

  checkpoint(data: Buffer): void {
    // What comes after the result has nobody to tell it to.
    if (this.result === undefined) {
      this.checkpointData = data;
      this.checkpointDue = true;
      this.#report(this);
    }
  }

  progress(fraction: number | undefined, message: string): void {
    if (this.result === undefined) {
      this.progressDue = { fraction, message };
      this.#report(this);
    }
  }
}
