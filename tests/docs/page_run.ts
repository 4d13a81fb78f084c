// PageRun: does what a page shows, as a reader would, in a temporary folder. `midge` is main.ts with the permissions
// of the start task. Ports and folders of the page are others here: each port a free one, and /etc/midge and
// the like are in the temporary folder. `midge -c FILE` is a broker: it runs until the page ends it, or ends.

import assert from "node:assert/strict";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/free_port.ts";
import type { Step } from "./page.ts";
import { assertShown, missing } from "./shown.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PORTS = /\b(1883|1884|8883|8884|9001)\b/g;
const PLACES = /(?<![\w./-])\/(?=(?:etc|var\/lib)\/(?:midge|mosquitto)\b|backup\b)/g;
const COMMAND_TIMEOUT_MS = 60_000;
const LOG_TIMEOUT_MS = 30_000;
const POLL_MS = 20;

interface RunningBroker {
  readonly child: Deno.ChildProcess;
  readonly logPath: string;
  status: Deno.CommandStatus | undefined;
}

type CommandStep = Extract<Step, { kind: "command" }>;

export class PageRun implements AsyncDisposable {
  readonly #folder: string;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #ports = new Map<string, number>();
  readonly #brokers: RunningBroker[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    this.#environment = {
      PATH: `${folder}/bin:${Deno.env.get("PATH")}`,
      XDG_CONFIG_HOME: folder, // whoever runs this may have options of his own for midge pub
      NO_COLOR: "1",
    };
  }

  static async create(): Promise<PageRun> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "midge-docs-" }));
    const run = new PageRun(folder);
    Deno.mkdirSync(`${folder}/bin`);
    Deno.mkdirSync(`${folder}/work`);
    Deno.mkdirSync(`${folder}/system/backup`, { recursive: true });
    Deno.writeTextFileSync(`${folder}/bin/midge`, run.#wrapper(), { mode: 0o755 });
    return run;
  }

  /** @throws {assert.AssertionError} if what comes of it is not what is shown. */
  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case "file": {
        const path = this.#path(step.path);
        Deno.mkdirSync(dirname(path), { recursive: true });
        Deno.writeTextFileSync(path, this.#here(step.text), { append: step.adds, mode: 0o600 });
        // Without it Mosquitto's files make another user of root, who could not read this folder.
        if (path.endsWith(".conf") && Deno.uid() === 0 && !step.adds) {
          Deno.writeTextFileSync(path, "user root\n", { append: true });
        }
        return;
      }
      case "copy": {
        const to = this.#path(step.to);
        Deno.mkdirSync(dirname(to), { recursive: true });
        return Deno.copyFileSync(`${ROOT}${step.from}`, to);
      }
      case "log":
        return await this.#hasLogged(step);
      case "command":
        return isBroker(step.command) ? await this.#start(step) : await this.#run(step);
    }
  }

  /** Ends the brokers, which must end in order, and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child, status } of this.#brokers) if (status === undefined) child.kill("SIGTERM");
    await Promise.all(this.#brokers.map(({ child }) => child.status));
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #run(step: CommandStep): Promise<void> {
    const { command, page, line } = step;
    const outputPath = `${this.#folder}/output`;
    const child = this.#spawn(this.#here(command), outputPath);
    const timer = setTimeout(() => child.kill("SIGKILL"), COMMAND_TIMEOUT_MS);
    const { code } = await child.status;
    clearTimeout(timer);
    if (/^kill (?!-HUP|-USR)/.test(command)) await this.#brokerEnded();
    const printed = this.#lines(outputPath);
    const where = `${page}:${line}: ${command}`;
    if (step.mustSucceed) {
      assert.equal(code, 0, `${where} ended with ${code}\n${printed.join("\n")}`);
    }
    if (step.prints !== undefined) assertShown(step.prints, printed, step.varies, where);
  }

  async #start(step: CommandStep): Promise<void> {
    const { command, page, line } = step;
    const logPath = `${this.#folder}/log-${this.#brokers.length}`;
    const child = this.#spawn(`exec ${this.#here(command)}`, logPath);
    const broker: RunningBroker = { child, logPath, status: undefined };
    this.#brokers.push(broker);
    void child.status.then((status) => broker.status = status);
    const isRunning = () => /midge version \S+ running/.test(Deno.readTextFileSync(logPath));
    for (let ms = 0; !isRunning() && broker.status === undefined; ms += POLL_MS) {
      assert.ok(
        ms < LOG_TIMEOUT_MS,
        `${page}:${line}: the broker does not start: ${this.#lines(logPath).join("\n")}`,
      );
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const log = this.#lines(logPath);
    if (broker.status !== undefined) { // it was shown why
      assert.ok(step.prints !== undefined, `${page}:${line}: ${log.join("\n")}`);
      return assertShown(step.prints, log, step.varies, `${page}:${line}: ${command}`);
    }
    if (step.prints === undefined) return;
    await this.#hasLogged({ ...step, kind: "log", lines: step.prints });
  }

  /** What `kill` was for. */
  async #brokerEnded(): Promise<void> {
    const running = this.#brokers.filter(({ status }) => status === undefined);
    await Promise.race(running.map(({ child }) => child.status));
  }

  /** Waits for it: the broker gathers lines. */
  async #hasLogged({ page, line, lines, varies }: Extract<Step, { kind: "log" }>): Promise<void> {
    const { logPath } = this.#brokers.at(-1)!;
    for (let ms = 0;; ms += POLL_MS) {
      const lacking = missing(lines, this.#lines(logPath), varies);
      if (lacking.length === 0) return;
      if (ms >= LOG_TIMEOUT_MS) {
        assert.deepEqual(lacking, [], `${page}:${line}:\n${this.#lines(logPath).join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #spawn(script: string, outputPath: string): Deno.ChildProcess {
    Deno.writeTextFileSync(outputPath, ""); // there is something to read from the start
    return new Deno.Command("bash", {
      args: ["-uc", `exec >"$0" 2>&1; ${script}`, outputPath],
      cwd: `${this.#folder}/work`,
      env: this.#environment,
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Lines of the file `path`, with the page's ports and folders. */
  #lines(path: string): string[] {
    let text = Deno.readTextFileSync(path).replaceAll(`${this.#folder}/system`, "")
      .replaceAll(`${this.#folder}/work/`, "");
    for (const [shown, port] of this.#ports) {
      text = text.replaceAll(new RegExp(`(?<!\\d)${port}(?!\\d)`, "g"), shown);
    }
    return text === "" ? [] : text.replace(/\n$/, "").split("\n");
  }

  /** `text` of the page with the ports and folders that it has here. */
  #here(text: string): string {
    return text.replaceAll(PORTS, (shown) => `${this.#port(shown)}`)
      .replaceAll(PLACES, `${this.#folder}/system/`);
  }

  #path(shown: string): string {
    const path = this.#here(shown);
    return path.startsWith("/") ? path : `${this.#folder}/work/${path}`;
  }

  #port(shown: string): number {
    const port = this.#ports.get(shown) ?? freePort();
    this.#ports.set(shown, port);
    return port;
  }

  /** `midge`, which takes the page's 1883 where a tool is told no port. */
  #wrapper(): string {
    const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
    const run = tasks.start.command.replace("deno run", `"${Deno.execPath()}" run --quiet`)
      .replace("main.ts", `"${ROOT}main.ts"`);
    return `#!/bin/sh
case "$1" in pub|sub|retained|top|bench)
  case " $* " in *" -p "*|*" --unix "*|*" -L "*) ;; *) set -- "$@" -p ${
      this.#port("1883")
    } ;; esac ;;
esac
exec ${run} "$@"
`;
  }
}

/** Whether `command` starts a broker that goes on. */
function isBroker(command: string): boolean {
  return /^midge (start )?-c \S+( -\S+)*$/.test(command);
}
