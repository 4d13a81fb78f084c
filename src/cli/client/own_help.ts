// The help texts of top, bench and retained.

import type { Command } from "commander";
import { BENCH_OPTIONS } from "../bench/bench_options.ts";
import { prepare } from "../command_form.ts";
import type { Session } from "../commands.ts";
import { RETAINED_OPTIONS } from "../retained.ts";
import { TOP_OPTIONS } from "../top/top.ts";
import { SHARED_OPTIONS } from "./own_tool.ts";
import { describeRows } from "./tool_help.ts";

export function defineTop(command: Command): void {
  command.description(
    "Shows what a broker says of itself under $SYS: rates, clients, subscriptions, what is dropped, heap.\n" +
      "Where standard output is no terminal, it prints a line each time that the broker speaks.",
  ).usage("[OPTIONS]");
  describeRows(describeRows(command, TOP_OPTIONS), SHARED_OPTIONS);
}

export function defineBench(command: Command): void {
  command.description(
    "Puts load on a broker and measures what comes through. Publisher p writes to PREFIX/p. As many\n" +
      "subscribers or more: each hears one publisher; fewer: each hears several. So --subscribers 100 is\n" +
      "fan-out, --publishers 100 fan-in. Without --rate as many messages go as --inflight lets, and the\n" +
      "latency is that of a broker under full load.",
  ).usage("[OPTIONS]");
  describeRows(describeRows(command, BENCH_OPTIONS), SHARED_OPTIONS.filter(isOfBench));
}

/** There are many Client Identifiers, and no WebSocket. */
function isOfBench({ names }: { readonly names: readonly string[] }): boolean {
  return names[0] !== "--ws";
}

export function defineRetained(command: Command, session: Session): void {
  command.description(
    "Lists the retained messages that a FILTER matches, or removes them. MQTT does not say how old they\n" +
      "are; with MQTT 5.0, which is spoken unless -V says otherwise, when they expire. It takes all to be\n" +
      "there when nothing has come for a second.",
  ).usage("(ls | rm) [OPTIONS] FILTER…").helpCommand(false);
  for (const [name, summary] of [["ls", "list them"], ["rm", "remove them"]] as const) {
    const inner = prepare(command.command(name), session).summary(summary);
    describeRows(describeRows(inner, RETAINED_OPTIONS), SHARED_OPTIONS);
  }
  describeRows(describeRows(command, RETAINED_OPTIONS), SHARED_OPTIONS);
}
