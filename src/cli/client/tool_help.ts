// The help texts of the tools whose options are rows: pub, sub and what shares their options.

import type { Command } from "commander";
import type { OptionRow } from "./option_row.ts";
import { PUB_OPTIONS } from "./pub_options.ts";
import { SUB_OPTIONS } from "./sub_options.ts";

export function definePub(command: Command): void {
  describeRows(
    command.description(
      "Publishes to a Topic Name, with the options, words and exit codes of mosquitto_pub. What stands\n" +
        "in ~/.config/mosquitto_pub, or in the file behind -o, comes before the options given here.",
    ).usage("[OPTIONS] -t TOPIC (-m TEXT | -f FILE | -s | -l | -n)"),
    PUB_OPTIONS,
  );
}

export function defineSub(command: Command): void {
  describeRows(
    command.description(
      "Subscribes and prints what comes, with the options, words and exit codes of mosquitto_sub. What\n" +
        "stands in ~/.config/mosquitto_sub, or in the file behind -o, comes before the options given here.",
    ).usage("[OPTIONS] -t FILTER"),
    SUB_OPTIONS,
  );
}

/** Adds what the help text says of `rows`; `-h` is the host. */
export function describeRows<S>(command: Command, rows: readonly OptionRow<S>[]): Command {
  command.helpOption("--help", "print this and end");
  for (const { names, value, description } of rows) {
    if (description === undefined) continue;
    const flags = names.length > 1 && names[0]!.length === 2 ? names.slice(0, 2) : [names[0]!];
    command.option(`${flags.join(", ")}${value === undefined ? "" : ` <${value}>`}`, description);
  }
  return command;
}
