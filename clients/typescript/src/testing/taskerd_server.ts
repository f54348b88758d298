// A real taskerd for tests: on a free port, with a store that is thrown away.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { stringify as toYaml } from "yaml";
import { Client } from "../client/client.js";
import type { CreateTaskOptions } from "../client/requests.js";
import type { TaskSnapshot } from "../client/task_snapshot.js";
import { silentLogger } from "../logger.js";
import { Worker, type StepHandlerSource, type WorkerOptions } from "../worker/worker.js";

/** How the service is started. */
export interface TaskerdOptions {
  /** The program. Default: the environment's `TASKERD`, else `taskerd` on the path. */
  binary?: string;
  /** Templates to apply: paths of YAML files. */
  templates?: readonly string[];
  /** Settings of the service beside those that this sets, or in their place: as in `tasker.yaml`. */
  settings?: Readonly<Record<string, unknown>>;
}

const STOP_WITHIN_MS = 30_000;
const LISTENING = /listening on (\S+:\d+)/;

/** A running taskerd. Keeps its store and its port over `kill` and `restart`; `stop` removes all of it. */
export class TaskerdServer {
  /** `host:port`. */
  readonly address: string;
  readonly client: Client;
  readonly #folder: string;
  readonly #binary: string;
  readonly #workers: { worker: Worker; finished: Promise<void> }[] = [];
  readonly #log: string[];
  #process: ChildProcess;

  private constructor(folder: string, binary: string, log: string[], started: { process: ChildProcess; address: string }) {
    this.#folder = folder;
    this.#binary = binary;
    this.#log = log;
    this.#process = started.process;
    this.address = started.address;
    this.client = new Client(this.address);
  }

  /** Starts it and applies the templates. Rejects, with its log, if it does not come up. */
  static async start(options: TaskerdOptions = {}): Promise<TaskerdServer> {
    const folder = mkdtempSync(join(tmpdir(), "taskerd-"));
    const binary = options.binary ?? process.env.TASKERD ?? "taskerd";
    const log: string[] = [];
    try {
      writeSettings(folder, "127.0.0.1:0", options.settings);
      const started = await launch(binary, folder, log);
      writeSettings(folder, started.address, options.settings);
      const server = new TaskerdServer(folder, binary, log, started);
      try {
        for (const template of options.templates ?? []) {
          await server.client.applyTemplate(readFileSync(template, "utf8"), { sourceName: template });
        }
      } catch (error) {
        await server.stop();
        throw error;
      }
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Serves classes of steps in this process, until `stop`. Resolves once the service knows the worker. */
  async serve(handlers: Readonly<Record<string, StepHandlerSource>>, options: WorkerOptions = {}): Promise<Worker> {
    const worker = new Worker({ logger: silentLogger, name: "test", ...options, address: this.address });
    for (const [handlerClass, handler] of Object.entries(handlers)) {
      worker.register(handlerClass, handler);
    }
    return this.serveWith(worker);
  }

  /** Runs a worker of one's own until `stop`. Resolves once the service knows it. */
  async serveWith(worker: Worker): Promise<Worker> {
    const finished = worker.run({ handleSignals: false });
    // A failure is told by `connected`, or when the server stops.
    finished.catch(() => {});
    this.#workers.push({ worker, finished });
    await worker.connected();
    return worker;
  }

  /** Creates a task and waits until it has ended, in whatever way. */
  async runTask(
    name: string,
    context: Record<string, unknown> = {},
    options: CreateTaskOptions & { waitMs?: number } = {},
  ): Promise<TaskSnapshot> {
    const { id } = await this.client.createTask(name, context, options);
    return this.client.waitForTask(id, { timeoutMs: options.waitMs ?? 60_000 });
  }

  /** Ends it at once, as a crash would (SIGKILL). */
  async kill(): Promise<void> {
    await ended(this.#process, "SIGKILL");
  }

  /** Starts it again, on the same store and port. */
  async restart(): Promise<void> {
    await ended(this.#process, "SIGTERM");
    this.#process = (await launch(this.#binary, this.#folder, this.#log)).process;
  }

  /** What it has logged, over all restarts. */
  log(): string {
    return this.#log.join("\n");
  }

  /** Stops the workers and the service, and removes the store. Rejects with what a worker failed with. */
  async stop(): Promise<void> {
    try {
      await Promise.all(this.#workers.map(({ worker }) => worker.stop()));
      this.client.close();
      await Promise.all(this.#workers.map(({ finished }) => finished));
    } finally {
      // Nobody will need the store: there is nothing to wait for.
      await ended(this.#process, "SIGKILL");
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function writeSettings(folder: string, listen: string, settings: Readonly<Record<string, unknown>> = {}): void {
  mkdirSync(join(folder, "templates"), { recursive: true });
  const all = {
    listen,
    metrics: { listen: "127.0.0.1:0" },
    data: join(folder, "data"),
    environment: "test",
    templates: join(folder, "templates"),
    // What fails in a test is tried again soon.
    retry: { backoff: ["50ms"], jitter: 0 },
    ...settings,
  };
  writeFileSync(join(folder, "tasker.yaml"), toYaml(all));
}

// Resolves once it listens: its log says where.
async function launch(binary: string, folder: string, log: string[]): Promise<{ process: ChildProcess; address: string }> {
  const program = binary.includes("/") ? resolve(binary) : binary;
  const child = spawn(program, ["--config", join(folder, "tasker.yaml")], { stdio: ["ignore", "pipe", "pipe"] });
  // It does not outlive this process.
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  child.once("exit", () => process.removeListener("exit", orphaned));
  return new Promise((started, failed) => {
    child.once("error", (error) => failed(new Error(`${binary} cannot be started: ${error.message}`, { cause: error })));
    child.once("close", (code) => failed(new Error(`taskerd ended with ${code}:\n${log.slice(-20).join("\n")}`)));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        log.push(line);
        const address = LISTENING.exec(line)?.[1];
        if (address !== undefined) {
          started({ process: child, address });
        }
      });
    }
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const exited = once(child, "exit");
  child.kill(signal);
  const kill = setTimeout(() => child.kill("SIGKILL"), STOP_WITHIN_MS);
  await exited;
  clearTimeout(kill);
}
