// The command line: arguments in, exit code out.

import { parseArgs } from "node:util";
import { LineLog } from "../observe/line_log.ts";
import { writeText } from "../observe/console.ts";
import { Server } from "../server/server.ts";
import { VERSION } from "../server/version.ts";

/** Exit codes: 3 for what the operator wrote wrong, 1 for what went wrong when starting. */
const ExitCode = { Success: 0, StartFailed: 1, BadArguments: 3 } as const;

const HELP = `midge ${VERSION}, an MQTT broker: MQTT 5.0, 3.1.1 and 3.1

Usage: midge [options]

  -p, --port PORT  listen on this TCP port (default 1883; 0 takes a free one)
  -v, --verbose    log debug messages too
      --version    print the version and end
  -h, --help       print this and end

It listens on this machine only (127.0.0.1 and ::1) and lets everybody there in.
`;

const DEFAULT_PORT = 1883;
const LOCAL = "127.0.0.1";

/** Runs midge with `args`; resolves with the exit code when it ends. */
export async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    printError(`${firstSentence((error as Error).message)} Try --help.`);
    return ExitCode.BadArguments;
  }
  if (options.help) return print(HELP);
  if (options.version) return print(`midge version ${VERSION}\n`);
  return await serve(options);
}

interface Options {
  readonly port: number;
  readonly isVerbose: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** @throws {Error} with a sentence that says what is wrong. */
function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: false,
    options: {
      port: { type: "string", short: "p" },
      verbose: { type: "boolean", short: "v", default: false },
      version: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    port: values.port === undefined ? DEFAULT_PORT : parsePort(values.port),
    isVerbose: values.verbose,
    help: values.help,
    version: values.version,
  };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new Error(
    `Invalid port specified (${text}): write a number from 0 (any free one) to 65535.`,
  );
}

/** parseArgs' messages may have several lines and no full stop. */
function firstSentence(message: string): string {
  const line = message.split("\n")[0]!;
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

async function serve(options: Options): Promise<number> {
  const log = new LineLog({
    level: options.isVerbose ? "debug" : "info",
    write: (text) => writeText("stderr", text),
    clock: Date.now,
  });
  let server: Server;
  try {
    server = Server.start({
      port: options.port,
      hostname: LOCAL,
      otherHostnames: hasIPv6Loopback() ? ["::1"] : [],
      log,
    });
  } catch (error) {
    printError(startFailure(error, options.port));
    return ExitCode.StartFailed;
  }
  globalThis.addEventListener("error", () => log.flush()); // our own mistake: its lines are needed
  print(greeting(server));
  const signal = await nextSignal();
  log.write("notice", `${signal}: midge stops.`);
  await server.stop();
  log.flush();
  return ExitCode.Success;
}

function greeting(server: Server): string {
  const { port } = server;
  const at = server.addresses.map((address) => show(address.hostname, port)).join(" and ");
  return `midge ${VERSION}: MQTT 5.0, 3.1.1 and 3.1
Listening on ${at}: everybody on this machine may connect, nobody else.
Try it in two other terminals:
  mosquitto_sub -h ${LOCAL} -p ${port} -t 'demo/#' -v
  mosquitto_pub -h ${LOCAL} -p ${port} -t demo/hello -m world
`;
}

function show(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function startFailure(error: unknown, port: number): string {
  if (error instanceof Deno.errors.AddrInUse) {
    return `Port ${port} is in use already: stop the other program, or choose another port with -p.`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `Port ${port} may not be used by this user: choose one above 1023 with -p.`;
  }
  return `Unable to listen on port ${port}: ${error instanceof Error ? error.message : error}`;
}

/** Whether this machine has ::1; containers often have not. */
function hasIPv6Loopback(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

function nextSignal(): Promise<Deno.Signal> {
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT", "SIGBREAK"]
    : ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    for (const signal of signals) Deno.addSignalListener(signal, () => resolve(signal));
  });
}

function print(text: string): number {
  writeText("stdout", text);
  return ExitCode.Success;
}

function printError(text: string): void {
  writeText("stderr", `Error: ${text}\n`);
}
