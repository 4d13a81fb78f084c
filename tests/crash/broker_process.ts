// midge as a user starts it, with a store in a folder of its own; killed and started again as often as asked.

import { freePort } from "../support/free_port.ts";
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { denoCommand } from "../support/process.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LISTENING_TIMEOUT_MS = 30_000;
const POLL_MS = 5;

export interface BrokerFolder {
  readonly path: string;
  readonly config: string;
  readonly port: number;
}

/** A folder with a configuration: everything is kept, nothing is dropped. */
export function makeFolder(durability: string, port: number = freePort()): BrokerFolder {
  const path = Deno.makeTempDirSync({ prefix: "midge-crash-" });
  const config = join(path, "midge.yaml");
  Deno.writeTextFileSync(
    config,
    `
user: root
listeners: [{ port: ${port}, hostnames: [127.0.0.1], allowAnonymous: true }]
limits: { maximumQueuedMessages: unlimited, maximumQueuedBytes: unlimited }
persistence: { durability: ${durability}, directory: ${path}/data }
logging: { types: [error, warning, notice, information], connectionMessages: false }
`,
  );
  return { path, config, port };
}

export class BrokerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #port: number;
  readonly #reading: Promise<void>;
  stderr = "";
  #hasEnded = false;

  constructor({ config, port }: { readonly config: string; readonly port: number }) {
    this.#port = port;
    this.#child = new Deno.Command(denoCommand(), {
      args: [
        "run",
        "--quiet",
        "--allow-net",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-sys",
        join(ROOT, "main.ts"),
        "-c",
        config,
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  get pid(): number {
    return this.#child.pid;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Resolves when it accepts connections; false if it has ended instead. */
  async listening(): Promise<boolean> {
    const dueMs = Date.now() + LISTENING_TIMEOUT_MS;
    while (!this.#hasEnded) {
      if (/ running\n/.test(this.stderr)) return true;
      if (Date.now() > dueMs) throw new Error(`midge does not listen: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return false;
  }

  /** @returns the exit code. */
  async end(signal: Deno.Signal): Promise<number> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    return await this.ended();
  }

  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.stderr += text;
    }
    this.#hasEnded = true;
  }
}
