// The steps of a task, by name.
import { PermanentError } from "../errors.js";
import { StepView } from "./step.js";

/**
 * The steps of a task. Those that the current one depends on directly are at hand; the others are fetched from the
 * service, all at once, when one of them is first asked for.
 */
export class Sequence {
  readonly #atHand: Map<string, StepView>;
  readonly #fetch: (() => Promise<StepView[]>) | undefined;
  #all: Promise<Map<string, StepView>> | undefined;

  constructor(steps: Iterable<StepView>, fetch?: () => Promise<StepView[]>) {
    this.#atHand = new Map();
    for (const step of steps) {
      this.#atHand.set(step.name, step);
    }
    this.#fetch = fetch;
  }

  /** A direct dependency, or the current step; undefined for any other step. Never waits. */
  dependency(name: string): StepView | undefined {
    return this.#atHand.get(name);
  }

  /** The direct dependencies and the current step. */
  get dependencies(): readonly StepView[] {
    return [...this.#atHand.values()];
  }

  /** The step of that name. Rejects with `PermanentError`, naming the steps there are, if the task has none. */
  async findStepByName(name: string): Promise<StepView> {
    const found = this.#atHand.get(name) ?? (await this.#everything()).get(name);
    if (found === undefined) {
      const known = [...(await this.#everything()).keys()].join(", ");
      throw new PermanentError(`the task has no step ${JSON.stringify(name)}; it has ${known || "none"}`);
    }
    return found;
  }

  /** All steps of the task, in the template's order. */
  async steps(): Promise<StepView[]> {
    return [...(await this.#everything()).values()];
  }

  #everything(): Promise<Map<string, StepView>> {
    this.#all ??= this.#fetchAll();
    return this.#all;
  }

  async #fetchAll(): Promise<Map<string, StepView>> {
    if (this.#fetch === undefined) {
      return this.#atHand;
    }
    try {
      const fetched = await this.#fetch();
      return new Map(fetched.map((step) => [step.name, this.#atHand.get(step.name) ?? step]));
    } catch (error) {
      this.#all = undefined;
      throw error;
    }
  }
}
