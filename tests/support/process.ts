// midge as a process of its own: started as a user starts it, read line by line, ended by a signal.

import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TIMEOUT_MS = 15_000;

/** How a process ended, and all that it wrote. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class ChildProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Output;
  readonly #stderr: Output;
  #hasEnded = false;

  /**
   * Runs the file `script` of this repository.
   * @param permissions what it may do besides opening network connections; default: nothing.
   * @param folder it works in; default: this repository.
   * @param environment variables besides those of this process.
   */
  constructor(
    script: string,
    args: readonly string[],
    permissions: readonly string[] = [],
    folder: string = ROOT,
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#child = new Deno.Command(denoCommand(), {
      args: ["run", "--quiet", "--allow-net", ...permissions, join(ROOT, script), ...args],
      cwd: folder,
      env: { NO_COLOR: "1", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Output(this.#child.stdout);
    this.#stderr = new Output(this.#child.stderr);
  }

  /** Comes back with what matches on standard output, which may have come already. */
  waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#stdout.waitFor(pattern);
  }

  /** The same on standard error, behind its first `from` characters. */
  waitForError(pattern: RegExp, from: number = 0): Promise<RegExpExecArray> {
    return this.#stderr.waitFor(pattern, from);
  }

  /** Reads no more of its standard error, as `| head -1` does. */
  closeStderr(): Promise<void> {
    return this.#stderr.close();
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until it has ended; one that does not is killed. */
  async ended(timeoutMs: number = TIMEOUT_MS): Promise<Ended> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), timeoutMs);
    const { code, signal } = await this.#child.status;
    clearTimeout(timer);
    this.#hasEnded = true;
    await Promise.all([this.#stdout.ended, this.#stderr.ended]);
    return { code, signal, stdout: this.#stdout.text, stderr: this.#stderr.text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill("SIGKILL");
    await this.ended();
  }
}

/** midge on a free port, unless `args` say which, once it listens. */
export async function startMidge(
  ...args: readonly string[]
): Promise<{ process: ChildProcess; port: number }> {
  const port0 = args.includes("-p") ? [] : ["-p", "0"];
  const process = new ChildProcess("main.ts", [...port0, ...args]);
  const [, port] = await process.waitForOutput(/Listening on \S+:(\d+)[^]*world\n/);
  return { process, port: Number(port) };
}

/** What a process writes, gathered as it comes. */
class Output {
  text = "";
  readonly ended: Promise<void>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #onText: (() => void) | undefined = undefined;
  #hasEnded = false;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.#reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    this.ended = this.#gather();
  }

  async waitFor(pattern: RegExp, from: number = 0): Promise<RegExpExecArray> {
    const timer = setTimeout(() => this.#reader.cancel(), TIMEOUT_MS);
    try {
      for (;;) {
        const match = pattern.exec(this.text.slice(from));
        if (match !== null) return match;
        if (this.#hasEnded) throw new Error(`no ${pattern} in ${JSON.stringify(this.text)}`);
        await new Promise<void>((resolve) => this.#onText = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    await this.ended;
  }

  async #gather(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#reader.read();
      if (done) break;
      this.text += value;
      this.#onText?.();
    }
    this.#hasEnded = true;
    this.#onText?.();
  }
}

/**
 * The deno that runs this, under the name by which `--allow-run` knows it: that may be a link to
 * {@link Deno.execPath}.
 */
export function denoCommand(): string {
  const executable = Deno.execPath();
  const isAllowed = (command: string) =>
    Deno.permissions.querySync({ name: "run", command }).state === "granted";
  if (isAllowed(executable)) return executable;
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const links = folders.flatMap(commandsIn).filter((path) =>
    isAllowed(path) && Deno.realPathSync(path) === executable
  );
  if (links[0] === undefined) throw new Error(`--allow-run allows no name of ${executable}`);
  return links[0];
}

/** Everything in `folder` that might be deno. */
function commandsIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("deno"))
      .map(({ name }) => join(folder, name));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
