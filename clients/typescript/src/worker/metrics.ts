// What a worker tells of its work, for whichever metrics library there is.

/** Which attempt. */
export interface StepInfo {
  readonly handlerClass: string;
  readonly stepName: string;
  readonly taskName: string;
  readonly namespace: string;
  readonly attemptNumber: number;
}

/** How an attempt ended, as its result says. */
export type StepOutcome = "success" | "retryable_failure" | "permanent_failure" | "business_failure" | "deferred";

/** Called as things happen; what they throw is logged and changes nothing. All are optional. */
export interface WorkerMetrics {
  stepStarted?(step: StepInfo): void;
  /** `seconds`: from when the work began. */
  stepFinished?(step: StepInfo, outcome: StepOutcome, seconds: number): void;
  connected?(address: string): void;
  /** `reason`: the gRPC status, as `UNAVAILABLE: details`. */
  disconnected?(address: string, reason: string): void;
}
