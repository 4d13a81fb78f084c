// The command line as a whole: help texts, and the arguments of the commands that are midge's own. It loads
// commander, so it is loaded itself only when one of these is asked for.

import { Command, CommanderError } from "commander";
import { writeText } from "../observe/console.ts";
import { VERSION } from "../server/version.ts";
import { prepare } from "./command_form.ts";
import { COMMANDS, type Session } from "./commands.ts";
import { ExitCode } from "./exit_code.ts";
import { START_OPTIONS } from "./options.ts";

const SUMMARY = `midge ${VERSION}, an MQTT broker: MQTT 5.0, 3.1.1 and 3.1`;
const WITHOUT_CONFIGURATION =
  "Without a configuration it listens on this machine only (127.0.0.1 and ::1) and lets everybody there in.\n" +
  "In midge's own repository it takes config/midge.yaml, which says the same.";

/** Standard output and error, and the files there are. */
export function consoleSession(): Session {
  return {
    readTextFile: (path) => Deno.readTextFileSync(path),
    print: (text) => writeText("stdout", text),
    printError: (text) => writeText("stderr", text),
    exitCode: ExitCode.Success,
  };
}

/** Runs the command that `args` begin with, or prints its help text; resolves with the exit code. */
export async function runProgram(
  args: readonly string[],
  session: Session = consoleSession(),
): Promise<number> {
  const program = await makeProgram(args, session);
  try {
    await program.parseAsync([...args], { from: "user" });
    return session.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.Success : ExitCode.BadConfiguration;
  }
}

/** The command line with all that it has. */
export async function completeProgram(session: Session): Promise<Command> {
  return await makeProgram(COMMANDS.map(({ name }) => name), session);
}

async function makeProgram(args: readonly string[], session: Session): Promise<Command> {
  const program = prepare(new Command("midge"), session)
    .enablePositionalOptions() // what stands behind a command is the command's
    .addHelpText("before", `${SUMMARY}\n`).usage("[start] [options]\n       midge COMMAND …")
    .helpOption(false)
    .helpCommand("help [COMMAND]", "print how a command is used")
    .addHelpText("after", `\n${WITHOUT_CONFIGURATION}`);
  describeStart(program);
  const start = prepare(program.command("start"), session).helpOption(false)
    .summary("run the broker: what midge does without a command, too")
    .description("Runs the broker.").usage("[options]")
    .addHelpText("after", `\n${WITHOUT_CONFIGURATION}`);
  describeStart(start);
  for (const { name, summary, define } of COMMANDS) {
    const command = prepare(program.command(name), session).summary(summary);
    if (args.includes(name)) await define(command, session);
  }
  return program;
}

/** Only what the help text says: `readOptions` is who reads them. */
function describeStart(command: Command): void {
  for (const { names, value, description } of START_OPTIONS) {
    if (description === undefined) continue;
    const shown = [names[0]!, names.at(-1)!].filter((name, i, all) => all.indexOf(name) === i);
    command.option(`${shown.join(", ")}${value === undefined ? "" : ` <${value}>`}`, description);
  }
}
