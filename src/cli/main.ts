// The command line: arguments in, exit code out.

import { didYouMean } from "../config/suggest.ts";
import { writeText } from "../observe/console.ts";
import { VERSION } from "../server/version.ts";
import { COMMANDS } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";
import { readOptions, type StartOptions } from "./options.ts";
import { start } from "./start.ts";

/** The words that may come first. */
const WORDS = ["start", "help", ...COMMANDS.map(({ name }) => name)];

/**
 * Runs midge with `args`; resolves with the exit code when it ends.
 * @param defaultConfigPath the configuration where `args` name none; undefined: the built-in one.
 */
export async function main(args: readonly string[], defaultConfigPath?: string): Promise<number> {
  const [word, ...rest] = args;
  if (word === "start") return await run(rest, ["start"], defaultConfigPath);
  const command = COMMANDS.find(({ name }) => name === word);
  if (command?.run !== undefined) return await command.run(rest);
  if (word === "help" && rest[0] !== undefined && !WORDS.includes(rest[0])) {
    const hint = didYouMean(rest[0], WORDS);
    return refuse(`Unknown command '${rest[0]}'.${hint === undefined ? "" : ` ${hint}`}`);
  }
  if (command !== undefined || word === "help") return await runProgram(args);
  return await run(args, [], defaultConfigPath);
}

async function run(
  args: readonly string[],
  command: readonly string[],
  defaultConfigPath: string | undefined,
): Promise<number> {
  let options: StartOptions;
  try {
    options = readOptions(args, WORDS);
  } catch (error) {
    return refuse((error as Error).message);
  }
  if (options.help) return await runProgram(["help", ...command]);
  if (options.version) {
    writeText("stdout", `midge version ${VERSION}\n`);
    return ExitCode.Success;
  }
  const { configPath, testsConfig, ports } = options;
  if (!testsConfig) {
    // A test gets what it asks for, and not what happens to lie about.
    const fallback = options.isEphemeral ? undefined : defaultConfigPath;
    return await start({ ...options, configPath: configPath ?? fallback });
  }
  if (configPath === undefined) {
    return refuse("There is no configuration to check: name one with -c.");
  }
  const { consoleSession } = await import("./program.ts");
  return await (await import("./check.ts")).check(configPath, ports, consoleSession());
}

async function runProgram(args: readonly string[]): Promise<number> {
  return await (await import("./program.ts")).runProgram(args);
}

function refuse(message: string): number {
  writeText("stderr", `Error: ${message} Try --help.\n`);
  return ExitCode.BadConfiguration;
}
