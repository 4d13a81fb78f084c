// The options of `midge [start]`: Mosquitto's own, as they stand in service files and scripts, read as it reads
// them: one after the other, so that the first thing that is wrong is what is told, and what stands behind -h
// does not matter. This is by hand because a start can't wait for a library; the same rows make the help text.

import { didYouMean } from "../config/suggest.ts";

export interface StartOptions {
  /** Configuration file. */
  readonly configPath: string | undefined;
  /** TCP ports, each once; none: the default one, or those of the configuration. */
  readonly ports: readonly number[];
  readonly isVerbose: boolean;
  readonly isQuiet: boolean;
  /** For a test: free ports, nothing kept, an end with who started it. */
  readonly isEphemeral: boolean;
  /** Check the configuration and end. */
  readonly testsConfig: boolean;
  /** Start even if the store is damaged: it is kept under a new name. */
  readonly setsDamagedStoreAside: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

interface OptionRow {
  readonly names: readonly string[];
  /** What its value is called; undefined: it has none. */
  readonly value?: string;
  /** Mosquitto's words for a value that is missing. */
  readonly missing?: string;
  /** For the help text; undefined: it is not shown. */
  readonly description?: string;
}

/** In the order of the help text; what an option is called in here is its last name. */
export const START_OPTIONS: readonly OptionRow[] = [
  {
    names: ["-c", "--config-file", "--config"],
    value: "FILE",
    missing: "no config file specified",
    description: "configuration: mosquitto.conf as it is, or YAML",
  },
  {
    names: ["-p", "--port"],
    value: "PORT",
    missing: "no port specified",
    description: "TCP port, 0 for a free one; may be given again (default: 1883)",
  },
  { names: ["-v", "--verbose"], description: "log everything, whatever the configuration says" },
  { names: ["-q", "--quiet"], description: "log nothing, and print no greeting" },
  {
    names: ["--ephemeral"],
    description: "for tests: free ports, told as a line of JSON; in memory; ends with its stdin",
  },
  { names: ["--test-config"], description: "check the configuration and end, as midge check" },
  {
    names: ["--set-damaged-store-aside"],
    description: "start even if the store can't be used: it is kept under a new name",
  },
  { names: ["-d", "--daemon"] },
  { names: ["--tls-keylog"], value: "FILE", missing: "no file specified" },
  { names: ["--version"], description: "print the version and end" },
  { names: ["-h", "--help"], description: "print this and end" },
];

/** As many as Mosquitto takes. */
const MAXIMUM_PORTS = 10;

/**
 * @param commands the words that may stand in place of an option, for the suggestion.
 * @throws {Error} with a sentence that says what is wrong, in Mosquitto's words where it has some.
 */
export function readOptions(
  args: readonly string[],
  commands: readonly string[] = [],
): StartOptions {
  const given = new Set<string>();
  const ports: number[] = [];
  let configPath: string | undefined;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at]!;
    const [name, attached] = split(arg);
    const row = START_OPTIONS.find(({ names }) => names.includes(name));
    if (row === undefined) throw unknownOption(arg, commands);
    if (attached !== undefined && row.value === undefined) {
      throw new Error(`Option '${name}' takes no value.`);
    }
    const value = row.value === undefined ? "" : attached ?? args[++at];
    if (value === undefined) throw new Error(`${name} argument given, but ${row.missing}.`);
    const option = row.names.at(-1)!;
    switch (option) {
      case "--config":
        if (configPath !== undefined) {
          throw new Error(
            `There are two configurations, ${configPath} and ${value}: use include_dir.`,
          );
        }
        configPath = value;
        break;
      case "--port":
        addPort(ports, value);
        break;
      case "--daemon":
        throw new Error(
          "midge does not go into the background: let systemd start it, or append &.",
        );
      case "--tls-keylog":
        throw new Error("midge writes no TLS keys to a file: --tls-keylog can't be had.");
      default:
        given.add(option);
    }
    if (option === "--help" || option === "--version") break;
  }
  if (given.has("--ephemeral") && ports.length > 0) {
    throw new Error("--ephemeral takes ports that are free: leave -p out.");
  }
  return {
    configPath,
    ports,
    isVerbose: given.has("--verbose"),
    isQuiet: given.has("--quiet"),
    isEphemeral: given.has("--ephemeral"),
    testsConfig: given.has("--test-config"),
    setsDamagedStoreAside: given.has("--set-damaged-store-aside"),
    help: given.has("--help"),
    version: given.has("--version"),
  };
}

/** `--port=1883` is `--port 1883`. */
function split(arg: string): [name: string, attached: string | undefined] {
  const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

/** Adds the port that `text` says, once. @throws {Error} with a sentence that says what is wrong. */
export function addPort(ports: number[], text: string): void {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) {
    throw new Error(
      `Invalid port specified (${text}). Write a number from 0 (any free one) to 65535.`,
    );
  }
  if (ports.includes(port)) return;
  if (ports.length === MAXIMUM_PORTS) {
    throw new Error(`Only ${MAXIMUM_PORTS} ports can be specified on the command line.`);
  }
  ports.push(port);
}

function unknownOption(arg: string, commands: readonly string[]): Error {
  const isOption = arg.startsWith("-");
  const known = isOption ? START_OPTIONS.flatMap(({ names }) => names) : commands;
  // Letters next to each other are all one edit away: a guess would be as good as any.
  const hint = /^-.$/.test(arg)
    ? undefined
    : /^-[a-z]{2,}$/.test(arg)
    ? "Write each option by itself."
    : didYouMean(split(arg)[0], known.filter((name) => !/^-.$/.test(name)));
  return new Error(`Unknown option '${arg}'.${hint === undefined ? "" : ` ${hint}`}`);
}
