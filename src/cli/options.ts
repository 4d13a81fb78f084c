// The command line's options: Mosquitto's own, as they stand in its service files and scripts.

import { parseArgs } from "node:util";

export interface StartOptions {
  /** Configuration file. */
  readonly configPath: string | undefined;
  /** TCP port; undefined: the default one, or those of the configuration. */
  readonly port: number | undefined;
  readonly isVerbose: boolean;
  readonly isQuiet: boolean;
  /** Check the configuration and end. */
  readonly testsConfig: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

/** @throws {Error} with a sentence that says what is wrong, in Mosquitto's words where it has some. */
export function readOptions(args: readonly string[]): StartOptions {
  const values = parse(args);
  if (values.daemon) {
    throw new Error("midge does not go into the background: let systemd start it, or append &.");
  }
  return {
    configPath: values.config,
    port: values.port === undefined ? undefined : parsePort(values.port),
    isVerbose: values.verbose,
    isQuiet: values.quiet,
    testsConfig: values["test-config"],
    help: values.help,
    version: values.version,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        config: { type: "string", short: "c" },
        port: { type: "string", short: "p" },
        daemon: { type: "boolean", short: "d", default: false },
        quiet: { type: "boolean", short: "q", default: false },
        "test-config": { type: "boolean", default: false },
        verbose: { type: "boolean", short: "v", default: false },
        version: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new Error(inMosquittosWords((error as Error).message, args));
  }
}

function inMosquittosWords(message: string, args: readonly string[]): string {
  const last = args.at(-1);
  if (last === "-p" || last === "--port") return "-p argument given, but no port specified.";
  if (last === "-c" || last === "--config") {
    return "-c argument given, but no config file specified.";
  }
  const unknown = /^Unknown option '(\S+)'/.exec(message)?.[1];
  if (unknown !== undefined) return `Unknown option '${unknown}'.`;
  const line = message.split("\n")[0]!;
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port <= 65_535) return port;
  throw new Error(
    `Invalid port specified (${text}). Write a number from 0 (any free one) to 65535.`,
  );
}
