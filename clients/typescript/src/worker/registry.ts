// Which handler serves which class.
import type { HandlerClass } from "../generated/tasker/v1/handler_service.js";

/** Narrows what a handler is registered for. */
export interface RegistrationOptions {
  /** Only for templates of this namespace. Default: that of the worker. */
  namespace?: string | undefined;
  /** Only for templates of this version. Default: of any. */
  version?: string | undefined;
  /** The most attempts of this class at one time. Default: as many as the worker takes. */
  concurrency?: number | undefined;
}

interface Registration<Handler> {
  readonly namespace: string;
  readonly version: string;
  readonly concurrency: number;
  readonly handler: Handler;
}

/** Handlers by class, and where one class has several, by namespace and version. */
export class Registry<Handler> {
  readonly #classes = new Map<string, Registration<Handler>[]>();
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  /** Throws if that class is served already, in this namespace and version. */
  add(handlerClass: string, handler: Handler, options: RegistrationOptions = {}): void {
    if (handlerClass === "") {
      throw new TypeError("a handler class needs a name");
    }
    const added = {
      namespace: options.namespace ?? this.#namespace,
      version: options.version ?? "",
      concurrency: options.concurrency ?? 0,
      handler,
    };
    const others = this.#classes.get(handlerClass) ?? [];
    if (others.some((each) => each.namespace === added.namespace && each.version === added.version)) {
      throw new TypeError(`${handlerClass} is registered already`);
    }
    // The narrowest first.
    const breadth = (each: Registration<Handler>) => (each.version === "" ? 2 : 0) + (each.namespace === "" ? 1 : 0);
    this.#classes.set(handlerClass, [...others, added].sort((one, other) => breadth(one) - breadth(other)));
  }

  /** The narrowest that fits; undefined: none does. */
  find(handlerClass: string, namespace: string, version: string): Handler | undefined {
    return this.#classes
      .get(handlerClass)
      ?.find(
        (each) =>
          (each.namespace === "" || each.namespace === namespace) && (each.version === "" || each.version === version),
      )?.handler;
  }

  /** All of them, as `register` names them. */
  list(): HandlerClass[] {
    return [...this.#classes].flatMap(([handlerClass, registrations]) =>
      registrations.map(({ namespace, version, concurrency }) => ({ handlerClass, namespace, version, concurrency })),
    );
  }

  get size(): number {
    return this.#classes.size;
  }
}
