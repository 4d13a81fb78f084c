// How every command talks: its exit codes, its words and the form of its help text.

import type { Command } from "commander";
import type { Session } from "./commands.ts";

const MAXIMUM_WIDTH = 100;

/** How every command looks: exit codes, words and form. */
export function prepare(command: Command, session: Session): Command {
  return command.exitOverride().helpOption("-h, --help", "print this and end")
    .configureOutput({
      writeOut: session.print,
      writeErr: session.printError,
      outputError: (message) => session.printError(`Error: ${asSentence(message, command)}\n`),
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
      getOutHasColors: hasColors,
      getErrHasColors: hasColors,
    })
    .configureHelp({
      styleTitle: bold,
      optionTerm: ({ flags }) => withPlainValue(/^-\w\b/.test(flags) ? flags : `    ${flags}`),
      subcommandTerm: (each) => each.name(),
      argumentTerm: (argument) => argument.name(),
    });
}

/** `<FILE>` is said by its capitals. */
function withPlainValue(flags: string): string {
  return flags.replace(/<(\w+)>/, "$1");
}

/** commander's "error: unknown option '--x'\n(Did you mean --y?)" as the others are. */
function asSentence(message: string, command: Command): string {
  const [first = "", hint = ""] = message.replace(/^error: /, "").trim().split("\n");
  const sentence = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, "");
  const suggestion = hint.replace(/^\((.*)\)$/, " $1");
  return `${withPlainValue(sentence)}.${suggestion} Try ${nameOf(command)} --help.`;
}

function nameOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${nameOf(parent)} ${command.name()}`;
}

function bold(title: string): string {
  return `\x1b[1m${title}\x1b[22m`;
}

function helpWidth(): number {
  try {
    return Math.min(Deno.consoleSize().columns, MAXIMUM_WIDTH);
  } catch {
    return MAXIMUM_WIDTH; // no terminal
  }
}

function hasColors(): boolean {
  return !Deno.noColor && Deno.stdout.isTerminal();
}
