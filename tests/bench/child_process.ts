/**
 * Starts brokers and generators: open-file limit raised, bound to a core, ended for certain.
 *
 * Everything goes through `sh`, which sets the limit and then becomes the process by `exec`, so that
 * the process id we know is the broker's own.
 */

import { type Broker, type Durability, REPOSITORY_PATH, shellQuote } from "./brokers.ts";
import { sleep } from "./clock.ts";
import type { GeneratorRequest } from "./generator.ts";
import type { Transport } from "./transport.ts";
import type { Outcome } from "./measurement.ts";

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 3_000;
const MOST_ERROR_TEXT = 2_000;

export interface RunningBroker {
  readonly pid: number;
  readonly port: number;
  /** Set once the process has ended. */
  readonly exitReason: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** `core` undefined: wherever the system likes. */
function shellCommand(command: string, core: number | undefined): Deno.Command {
  const pin = core === undefined ? "" : `taskset -c ${core} `;
  return new Deno.Command("sh", {
    args: ["-c", `ulimit -n "$(ulimit -Hn)"; exec ${pin}${command}`],
    cwd: REPOSITORY_PATH,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

export async function startBroker(
  broker: Broker,
  transport: Transport,
  folder: string,
  durability: Durability | undefined,
  core?: number,
): Promise<RunningBroker> {
  const port = findFreePort();
  const child = shellCommand(broker.commandOf(port, transport, folder, durability), core).spawn();
  let exitReason: string | undefined;
  const errorText = collectText(child.stderr);
  child.stdout.pipeTo(new WritableStream()).catch(() => {});
  const ended = child.status.then(({ code, signal }) => {
    const text = errorText();
    exitReason = `the broker ended (${signal ?? `code ${code}`})${text === "" ? "" : `: ${text}`}`;
  });

  const stop = async (): Promise<void> => {
    if (exitReason === undefined) child.kill("SIGTERM");
    await Promise.race([ended, sleep(STOP_TIMEOUT_MS)]);
    if (exitReason === undefined) child.kill("SIGKILL");
    await ended;
  };
  const deadlineMs = performance.now() + START_TIMEOUT_MS;
  while (!await acceptsConnections(port)) {
    if (exitReason !== undefined) throw new Error(exitReason);
    if (performance.now() > deadlineMs) {
      await stop();
      throw new Error(`the broker does not listen after ${START_TIMEOUT_MS / 1_000} s`);
    }
    await sleep(20);
  }
  return { pid: child.pid, port, exitReason: () => exitReason, stop };
}

/** Runs the generator to its end, or kills it when its time is over. */
export async function runGenerator(
  request: GeneratorRequest,
  timeoutMs: number,
  core?: number,
): Promise<Outcome> {
  const permissions = "--allow-net=127.0.0.1 --allow-run=cat --allow-read=tests/bench";
  const script = `tests/bench/generator.ts ${shellQuote(JSON.stringify(request))}`;
  const command = `${shellQuote(Deno.execPath())} run --no-lock ${permissions} ${script}`;
  const child = shellCommand(command, core).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  const { code, signal, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  if (code === 0) return JSON.parse(decoder.decode(stdout));
  const why = signal === "SIGKILL" ? "it took too long" : firstLine(decoder.decode(stderr));
  return { kind: "failed", reason: `the generator ended: ${why}` };
}

function findFreePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

async function acceptsConnections(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

/** Drains the stream; the function tells the first line of what came so far. */
function collectText(stream: ReadableStream<Uint8Array>): () => string {
  let text = "";
  const decoder = new TextDecoder();
  stream.pipeTo(
    new WritableStream({
      write: (chunk) => {
        if (text.length < MOST_ERROR_TEXT) text += decoder.decode(chunk, { stream: true });
      },
    }),
  ).catch(() => {});
  return () => firstLine(text);
}

function firstLine(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/\x1b\[[0-9;]*m/g, "").trim().split("\n")[0] ?? "";
}
