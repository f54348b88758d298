// What one stream has to send, gathered into frames.
//
// Nothing waits in a queue of messages: what is due is kept by kind, and the next frame is made of all of it once the
// one before has left. So an engine that reads slowly gets fewer and fuller frames, and never a heap of heartbeats.
import { ProtocolFeature, type ConnectRequest, type StepResult } from "../generated/tasker/v1/handler_service.js";
import type { Heartbeat } from "../generated/tasker/v1/handler_service.js";
import type { Attempt } from "./attempt.js";

/** Where frames go: a gRPC call. `done` is called once the frame is on its way and another may follow. */
export interface FrameWriter {
  write(frame: ConnectRequest, done: () => void): unknown;
  end(): void;
}

/** What a frame says beside what was put into the outbox; asked for as the frame is made. */
export interface FrameSource {
  /** The running total of credits; undefined: nothing to say. */
  credits(): bigint | undefined;
  /** Tokens of all attempts held. */
  heldTokens(): Buffer[];
  /** Told of each result that leaves. */
  leaves(attempt: Attempt): StepResult;
  readonly features: ReadonlySet<ProtocolFeature>;
}

// About as much as the engine sends in one frame, so that one takes no longer than another.
const FRAME_BYTES = 1 << 20;
// What frames are short of besides their payloads.
const RESULT_BYTES = 64;

/** A frame without anything in it. */
export function emptyFrame(): ConnectRequest {
  return {
    register: undefined,
    results: [],
    heartbeat: undefined,
    drain: undefined,
    confirmedTokens: [],
    credits: undefined,
    accessToken: "",
  };
}

function bytesOf(result: StepResult): number {
  const outcome = result.outcome;
  let bytes = RESULT_BYTES;
  if (outcome?.$case === "success") {
    bytes += outcome.value.results.length;
  } else if (outcome?.$case === "failure") {
    bytes += outcome.value.message.length + outcome.value.backtrace.length + outcome.value.details.length;
  }
  return result.events.reduce((sum, event) => sum + event.payload.length, bytes);
}

export class Outbox {
  readonly #writer: FrameWriter;
  readonly #source: FrameSource;
  #results: Attempt[] = [];
  #confirmed: Buffer[] = [];
  readonly #reports = new Set<Attempt>();
  #beat = false;
  #credits = false;
  #drain: string | undefined;
  #accessToken = "";
  #ending = false;
  #busy = false;
  #scheduled = false;
  #closed = false;

  constructor(writer: FrameWriter, source: FrameSource) {
    this.#writer = writer;
    this.#source = source;
  }

  /** Tells that assignments have arrived. `flush` sends it at once. */
  confirm(token: Buffer): void {
    this.#confirmed.push(token);
  }

  /** Sends an attempt's result, with what else is ready by then. */
  result(attempt: Attempt): void {
    this.#results.push(attempt);
    this.#schedule();
  }

  /** Sends the newest checkpoint and progress of an attempt. */
  report(attempt: Attempt): void {
    this.#reports.add(attempt);
    this.#schedule();
  }

  /** Names all attempts held in the next frame. */
  beat(): void {
    this.#beat = true;
    this.#schedule();
  }

  /** Says how much is taken in the next frame. */
  credits(): void {
    this.#credits = true;
    this.#schedule();
  }

  drain(reason: string): void {
    this.#drain = reason;
    this.#schedule();
  }

  accessToken(token: string): void {
    this.#accessToken = token;
    this.#schedule();
  }

  /** Forgets a result that has not left. */
  withdraw(attempt: Attempt): void {
    this.#reports.delete(attempt);
    const index = this.#results.indexOf(attempt);
    if (index >= 0) {
      this.#results.splice(index, 1);
    }
  }

  /** Closes our side once everything has left. */
  end(): void {
    this.#ending = true;
    this.#schedule();
  }

  /** Sends nothing more: the stream is over. */
  close(): void {
    this.#closed = true;
  }

  /** Sends what is due at once, unless a frame is on its way out: then right behind that. */
  flush(): void {
    if (this.#busy || this.#closed) {
      return;
    }
    const reports = this.#results.length > 0 ? this.#reportsFrame() : undefined;
    if (reports !== undefined) {
      this.#writer.write(reports, () => {});
    }
    const frame = this.#frame();
    if (frame !== undefined) {
      this.#busy = true;
      this.#writer.write(frame, () => {
        this.#busy = false;
        this.flush();
      });
    } else if (this.#ending) {
      this.#closed = true;
      this.#writer.end();
    }
  }

  // Once in a turn of the event loop: all that becomes ready in it leaves together.
  #schedule(): void {
    if (!this.#scheduled && !this.#busy && !this.#closed) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.flush();
      });
    }
  }

  // A frame's results count before its heartbeat: what an attempt told before it ended has to leave in a frame before.
  #reportsFrame(): ConnectRequest | undefined {
    if (this.#reports.size === 0) {
      return undefined;
    }
    const frame = emptyFrame();
    frame.heartbeat = this.#heartbeat(false);
    frame.confirmedTokens = this.#takeConfirmed();
    return frame.heartbeat === undefined && frame.confirmedTokens.length === 0 ? undefined : frame;
  }

  #frame(): ConnectRequest | undefined {
    const results = this.#takeResults();
    const frame = emptyFrame();
    frame.results = results;
    frame.heartbeat = this.#heartbeat(this.#beat);
    frame.confirmedTokens = this.#takeConfirmed();
    frame.accessToken = this.#accessToken;
    if (this.#drain !== undefined) {
      frame.drain = { reason: this.#drain };
    }
    if (this.#credits || results.length > 0) {
      frame.credits = this.#source.credits();
    }
    this.#beat = false;
    this.#credits = false;
    this.#accessToken = "";
    this.#drain = undefined;
    const says =
      results.length > 0 ||
      frame.confirmedTokens.length > 0 ||
      frame.heartbeat !== undefined ||
      frame.credits !== undefined ||
      frame.drain !== undefined ||
      frame.accessToken !== "";
    return says ? frame : undefined;
  }

  #takeConfirmed(): Buffer[] {
    const confirmed = this.#confirmed;
    this.#confirmed = [];
    return confirmed;
  }

  // As many as fit into one frame, but one at least.
  #takeResults(): StepResult[] {
    const results: StepResult[] = [];
    let bytes = 0;
    let taken = 0;
    for (const attempt of this.#results) {
      bytes += bytesOf(attempt.result!);
      if (taken > 0 && bytes > FRAME_BYTES) {
        break;
      }
      results.push(this.#source.leaves(attempt));
      taken++;
    }
    this.#results = taken === this.#results.length ? [] : this.#results.slice(taken);
    return results;
  }

  #heartbeat(beat: boolean): Heartbeat | undefined {
    const heartbeat: Heartbeat = { tokens: beat ? this.#source.heldTokens() : [], checkpoints: [], progress: [] };
    const tellsProgress = this.#source.features.has(ProtocolFeature.PROGRESS);
    for (const attempt of this.#reports) {
      if (attempt.checkpointDue && attempt.checkpointData !== undefined) {
        heartbeat.checkpoints.push({ token: attempt.token, checkpoint: attempt.checkpointData });
      }
      if (attempt.progressDue !== undefined && tellsProgress) {
        heartbeat.progress.push({ token: attempt.token, ...attempt.progressDue });
      }
      attempt.checkpointDue = false;
      attempt.progressDue = undefined;
    }
    this.#reports.clear();
    const says = heartbeat.tokens.length + heartbeat.checkpoints.length + heartbeat.progress.length > 0;
    return says ? heartbeat : undefined;
  }
}
