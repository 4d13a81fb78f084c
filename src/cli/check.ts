// `midge check FILE`, and Mosquitto's --test-config: all that a start does, short of serving.

import type { Command } from "commander";
import { DENO_IO } from "../config/config_io.ts";
import { ConfigurationError, loadConfiguration } from "../server/configured_server.ts";
import { checkUser, UserError } from "./become_user.ts";
import { findUnusablePlaces } from "./check_places.ts";
import type { Session } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";
import { addPort } from "./options.ts";

export function defineCheck(command: Command, session: Session): void {
  command.description(
    "Does all that a start does, short of serving: reads the configuration and the files it names, and\n" +
      "tells every mistake at once. Ends with 0 if a broker would start with it, else with 3.",
  ).usage("[options] FILE")
    .argument("[FILE]")
    .option("-c, --config <FILE>", "the same as FILE, for those who are used to it")
    .option("-p, --port <PORT>", "as for a start", (text, before: readonly string[] = []) => [
      ...before,
      text,
    ])
    .action(async (file: string | undefined, options: CheckOptions) => {
      session.exitCode = await checkAsAsked(file, options, session);
    });
}

interface CheckOptions {
  readonly config?: string;
  readonly port?: readonly string[];
}

async function checkAsAsked(
  file: string | undefined,
  { config, port = [] }: CheckOptions,
  session: Session,
): Promise<number> {
  try {
    if (file !== undefined && config !== undefined) throw new Error("One file at a time.");
    const path = file ?? config;
    if (path === undefined) throw new Error("There is no configuration to check: name one.");
    const ports: number[] = [];
    for (const text of port) addPort(ports, text);
    return await check(path, ports, session);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    session.printError(`Error: ${error.message} Try midge check --help.\n`);
    return ExitCode.BadConfiguration;
  }
}

/** Resolves with 0 if a broker would start with the configuration file `path`, else with 3. */
export async function check(
  path: string,
  ports: readonly number[],
  { print, printError }: Pick<Session, "print" | "printError">,
): Promise<number> {
  try {
    const { notes, config } = await loadConfiguration(path, DENO_IO, ports);
    checkUser(config.user);
    for (const { level, text } of notes) {
      printError(`${level === "warning" ? "Warning: " : ""}${text}\n`);
    }
    const unusable = findUnusablePlaces(config);
    if (unusable.length > 0) throw new ConfigurationError(unusable, "configuration");
    print(`${path} is right: midge would start with it.\n`);
    return ExitCode.Success;
  } catch (error) {
    const problems = error instanceof ConfigurationError
      ? error.problems
      : error instanceof UserError
      ? [error.message]
      : undefined;
    if (problems === undefined) throw error;
    for (const problem of problems) {
      printError(`Error: ${problem.replace(/^Error: /, "")}\n`);
    }
    return ExitCode.BadConfiguration;
  }
}
