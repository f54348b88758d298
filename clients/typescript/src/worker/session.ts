// One stream to the engine, from its `register` to its status.
import { status, type ClientDuplexStream, type StatusObject } from "@grpc/grpc-js";
import { toMs } from "../duration.js";
import {
  ProtocolFeature,
  type Assignment,
  type ConnectRequest,
  type ConnectResponse,
  type Register,
  type Registered,
  type StepResult,
} from "../generated/tasker/v1/handler_service.js";
import type { Logger } from "../logger.js";
import { Attempt, keyOf } from "./attempt.js";
import { HeartbeatTimer } from "./heartbeat_timer.js";
import { emptyFrame, Outbox, type FrameSource } from "./outbox.js";
import { withFeatures } from "./outcome.js";

export type HandlerCall = ClientDuplexStream<ConnectRequest, ConnectResponse>;

// How long the engine may take to answer `register`, before another address is tried.
const REGISTER_WITHIN_MS = 20_000;

/** What a stream needs of the worker that it belongs to, which outlives it. */
export interface SessionHost {
  readonly concurrency: number;
  readonly logger: Logger;
  /** All attempts held, by key, over all streams. */
  readonly held: Map<string, Attempt>;
  /** Whether the worker takes nothing new any more. */
  readonly stopping: boolean;
  /** Told once the engine has answered. */
  registered(session: Session, registered: Registered): void;
  /** Told when there is something new to tell of an attempt, on whichever stream there is. */
  reported(attempt: Attempt): void;
  /** Begins the work on attempts; must return at once. */
  begin(attempts: Attempt[]): void;
  /** Tells the work on an attempt that it is no longer wanted. */
  cancel(attempt: Attempt, reason: string): void;
  /** The access token of now, if it may be another than at the beginning of the call. */
  currentToken(): Promise<string | undefined>;
}

export class Session implements FrameSource {
  features: ReadonlySet<ProtocolFeature> = new Set();
  readonly #host: SessionHost;
  readonly #call: HandlerCall;
  readonly #outbox: Outbox;
  readonly #heartbeats: HeartbeatTimer;
  readonly #ended: Promise<StatusObject>;
  #tokenSent: string;
  #registered = false;
  #engineDrained = false;
  #drainSent = false;
  #ending = false;
  // Credits: what was free at registration, and what was given back since.
  #freeAtFirst = 0;
  #givenBack = 0;

  constructor(host: SessionHost, call: HandlerCall, register: Register, token: string) {
    this.#host = host;
    this.#call = call;
    this.#tokenSent = token;
    this.#outbox = new Outbox(call, this);
    this.#heartbeats = new HeartbeatTimer(() => this.#beat());
    const unanswered = setTimeout(() => call.cancel(), REGISTER_WITHIN_MS);
    this.#ended = new Promise((resolve) => {
      call.on("status", resolve);
      // Said by the status too.
      call.on("error", () => {});
    });
    call.on("data", (message: ConnectResponse) => {
      clearTimeout(unanswered);
      this.#receive(message);
    });
    void this.#ended.then(() => {
      clearTimeout(unanswered);
      this.#outbox.close();
      this.#heartbeats.stop();
    });
    call.write({ ...emptyFrame(), register });
  }

  /** How the stream ended. Never rejects. */
  get ended(): Promise<StatusObject> {
    return this.#ended;
  }

  /** Whether the engine has answered `register`. */
  get isRegistered(): boolean {
    return this.#registered;
  }

  /** Sends an attempt's result. */
  sendResult(attempt: Attempt): void {
    if (this.#registered && attempt.sentOn !== this) {
      this.#outbox.result(attempt);
    }
  }

  /** Sends an attempt's newest checkpoint and progress. */
  sendReports(attempt: Attempt): void {
    if (this.#registered) {
      this.#outbox.report(attempt);
    }
  }

  /** Asks for no more; the stream ends once nothing is held and the engine has answered. */
  drain(reason: string): void {
    if (this.#registered && !this.#drainSent) {
      this.#drainSent = true;
      this.#outbox.drain(reason);
      this.#endIfDone();
    } else if (!this.#registered && this.#host.held.size === 0) {
      this.cancel();
    }
  }

  /** Breaks the stream off. */
  cancel(): void {
    this.#call.cancel();
  }

  credits(): bigint | undefined {
    if (this.#host.stopping || !this.features.has(ProtocolFeature.CREDITS)) {
      return undefined;
    }
    return BigInt(Math.max(0, this.#freeAtFirst + this.#givenBack));
  }

  heldTokens(): Buffer[] {
    return Array.from(this.#host.held.values(), (attempt) => attempt.token);
  }

  leaves(attempt: Attempt): StepResult {
    attempt.sentOn = this;
    this.#givenBack++;
    return withFeatures(attempt.result!, this.features);
  }

  // A frame's parts count in the order of its fields.
  #receive(message: ConnectResponse): void {
    if (message.registered !== undefined && !this.#registered) {
      this.#begin(message.registered);
    }
    if (!this.#registered) {
      this.#host.logger.warn({}, "the engine's first message does not answer `register`");
      return this.cancel();
    }
    for (const acknowledgement of message.acknowledgements) {
      this.#host.held.delete(keyOf(acknowledgement.token));
    }
    if (message.assignments.length > 0) {
      this.#take(message.assignments);
    }
    for (const cancellation of message.cancellations) {
      this.#cancelAttempt(keyOf(cancellation.token), cancellation.reason, cancellation.superseded);
    }
    if (message.drain !== undefined) {
      this.#engineDrained = true;
    }
    this.#endIfDone();
  }

  #begin(registered: Registered): void {
    const { held } = this.#host;
    this.#registered = true;
    this.features = new Set(registered.features);
    for (const token of registered.staleTokens) {
      this.#cancelAttempt(keyOf(token), "the engine no longer knows the attempt", true);
    }
    this.#freeAtFirst = this.#host.concurrency - held.size;
    this.#givenBack = 0;
    this.#host.registered(this, registered);
    this.#heartbeats.start(toMs(registered.heartbeatInterval), this.#quickest());
    for (const attempt of held.values()) {
      // A checkpoint may have been lost with the stream before.
      if (attempt.checkpointData !== undefined) {
        attempt.checkpointDue = true;
        this.#outbox.report(attempt);
      }
      if (attempt.result !== undefined) {
        this.#outbox.result(attempt);
      }
    }
    if (this.#host.stopping) {
      this.drain("the worker stops");
    } else {
      this.#outbox.credits();
    }
    this.#outbox.flush();
  }

  #take(assignments: Assignment[]): void {
    if (this.#ending) {
      // Our side is closed: not confirmed, it is handed out anew.
      return;
    }
    const fresh: Attempt[] = [];
    for (const assignment of assignments) {
      const key = keyOf(assignment.token);
      this.#outbox.confirm(assignment.token);
      if (!this.#host.held.has(key)) {
        const attempt = new Attempt(key, assignment, (reported) => this.#host.reported(reported));
        this.#host.held.set(key, attempt);
        this.#heartbeats.quicken(attempt.heartbeatMs);
        fresh.push(attempt);
      }
    }
    this.#outbox.flush();
    this.#host.begin(fresh);
  }

  #cancelAttempt(key: string, reason: string, superseded: boolean): void {
    const { held } = this.#host;
    const attempt = held.get(key);
    if (attempt === undefined) {
      return;
    }
    if (superseded) {
      held.delete(key);
      this.#outbox.withdraw(attempt);
      // One whose result was sent has given its credit back with that.
      if (attempt.sentOn !== this) {
        this.#givenBack++;
        this.#outbox.credits();
      }
    }
    this.#host.cancel(attempt, reason);
  }

  #quickest(): number | undefined {
    let quickest: number | undefined;
    for (const { heartbeatMs } of this.#host.held.values()) {
      if (heartbeatMs !== undefined && !(heartbeatMs >= (quickest ?? Infinity))) {
        quickest = heartbeatMs;
      }
    }
    return quickest;
  }

  #beat(): number | undefined {
    if (this.#host.held.size > 0) {
      this.#outbox.beat();
    }
    if (this.features.has(ProtocolFeature.TOKEN_REFRESH)) {
      void this.#renewToken();
    }
    return this.#quickest();
  }

  async #renewToken(): Promise<void> {
    try {
      const token = await this.#host.currentToken();
      if (token !== undefined && token !== "" && token !== this.#tokenSent) {
        this.#tokenSent = token;
        this.#outbox.accessToken(token);
      }
    } catch (error) {
      this.#host.logger.warn({ err: error }, "no access token can be had");
    }
  }

  #endIfDone(): void {
    // A service of the protocol's first version answers no drain.
    const answered = this.#engineDrained || (this.#drainSent && this.features.size === 0);
    if (answered && !this.#ending && this.#host.held.size === 0) {
      this.#ending = true;
      this.#outbox.end();
    }
  }
}

/** Whether connecting again is of no use. */
export function isFatal(code: status, tokenChanges: boolean): boolean {
  switch (code) {
    case status.INVALID_ARGUMENT:
    case status.ABORTED:
    case status.PERMISSION_DENIED:
    case status.UNIMPLEMENTED:
      return true;
    case status.UNAUTHENTICATED:
      return !tokenChanges;
    default:
      return false;
  }
}
