import { describe, expect, test } from "vitest";
import { PermanentError, Sequence, StepCancelled, StepView } from "../src/index.js";
import { makeStep } from "../src/testing/index.js";
import { gate } from "./support/waiting.js";

describe("a sequence", () => {
  const atHand = new StepView({ name: "near" }, { n: 1 });

  test("asks the service once, and only for what is not at hand", async () => {
    let calls = 0;
    const sequence = new Sequence([atHand], async () => {
      calls++;
      return [new StepView({ name: "far" }, { n: 2 }), new StepView({ name: "near" }, { n: "stored" })];
    });
    expect((await sequence.findStepByName("near")).results).toEqual({ n: 1 });
    expect(calls).toBe(0);
    expect((await Promise.all([sequence.findStepByName("far"), sequence.steps()]))[0].results).toEqual({ n: 2 });
    expect((await sequence.steps()).map((step) => step.name)).toEqual(["far", "near"]);
    expect((await sequence.steps())[1]).toBe(atHand);
    expect(calls).toBe(1);
  });

  test("names the steps there are", async () => {
    const sequence = new Sequence([atHand]);
    await expect(sequence.findStepByName("nar")).rejects.toThrow(new PermanentError('the task has no step "nar"; it has near'));
  });

  test("asks again after the service could not be reached", async () => {
    let calls = 0;
    const sequence = new Sequence([], async () => {
      calls++;
      if (calls === 1) {
        throw new Error("away");
      }
      return [atHand];
    });
    await expect(sequence.steps()).rejects.toThrow("away");
    expect(await sequence.steps()).toEqual([atHand]);
  });
});

describe("a step", () => {
  test("its signal is aborted when it is cancelled, also if it is first asked for later", async () => {
    const early = makeStep();
    const aborted = gate();
    early.signal.addEventListener("abort", () => aborted.open());
    early.cancel("too late");
    early.cancel("another reason");
    await aborted.opened;
    expect(early.cancelReason).toBe("too late");
    expect(early.signal.reason).toBeInstanceOf(StepCancelled);
    const late = makeStep();
    late.cancel("gone");
    expect(late.signal.aborted).toBe(true);
    expect(() => late.throwIfCancelled()).toThrow("step is cancelled: gone");
  });

  test("sleep ends with the cancellation", async () => {
    const step = makeStep();
    const sleeping = step.sleep(3_600_000);
    step.cancel("now");
    await expect(sleeping).rejects.toBeInstanceOf(StepCancelled);
    await expect(step.sleep(0)).rejects.toBeInstanceOf(StepCancelled);
  });

  test("refuses checkpoints, progress and events that the service would refuse", () => {
    const step = makeStep();
    expect(() => step.checkpoint("x".repeat(64 << 10))).toThrow("65538 bytes are over the limit of 65536 bytes");
    expect(() => step.checkpoint({ n: Number.NaN })).toThrow("n: NaN is not JSON");
    expect(() => step.progress(1.5)).toThrow(RangeError);
    expect(() => step.publish("Order Paid")).toThrow("is no name of an event");
    expect(() => step.publish("order.paid", { data: "x".repeat(64 << 10) })).toThrow("over the limit");
    step.publish("order.paid", { n: 1 });
    expect(step.events.map((event) => [event.name, String(event.payload)])).toEqual([["order.paid", '{"n":1}']]);
  });

  test("its checkpoint is seen by itself", () => {
    const step = makeStep("s", { checkpointData: { page: 1 } });
    expect(step.checkpointData).toEqual({ page: 1 });
    step.checkpoint({ page: 2 });
    expect(step.checkpointData).toEqual({ page: 2 });
  });

  test("knows how much time is left", () => {
    expect(makeStep().timeLeftMs).toBeUndefined();
    expect(makeStep("s", { startToCloseMs: 0 }).timeLeftMs).toBe(0);
    expect(makeStep("s", { startToCloseMs: 3_600_000 }).timeLeftMs).toBeGreaterThan(3_000_000);
  });
});
