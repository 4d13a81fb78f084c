// `midge top`: a live view of a broker's $SYS.

import type { MqttClient } from "mqtt";
import { type Asked, numberWithin, type OptionRow } from "../client/option_row.ts";
import { readOwnOptions } from "../client/own_tool.ts";
import { type ConnectSettings, portOf } from "../client/settings.ts";
import { ToolLink } from "../client/tool_link.ts";
import { ToolOutput } from "../client/tool_output.ts";
import { onSignals } from "../client/tool_signals.ts";
import { ToolExit } from "../client/words.ts";
import { openScreen, type Screen } from "./screen.ts";
import { SYS_FILTERS, SysModel } from "./sys_model.ts";
import { jsonLine, plainHeader, plainLine, screenLines } from "./top_view.ts";

/** What comes within so much time of each other is one round. */
const ROUND_MS = 250;
/** sys_interval is 10 seconds, where nobody has changed it. */
const SILENCE_MS = 15_000;
const HEADER_EVERY = 20;

export interface TopSettings {
  isJson: boolean;
  /** 0: without end. */
  count: number;
}

export const TOP_OPTIONS: readonly OptionRow<TopSettings>[] = [
  {
    names: ["--json"],
    description: "print a line of JSON each time that the broker speaks",
    apply: (settings) => settings.isJson = true,
  },
  {
    names: ["-n", "--count"],
    value: "COUNT",
    missing: "no count specified",
    description: "end when the broker has spoken so often",
    apply: (settings, value) =>
      settings.count = numberWithin(value, 1, 2 ** 31, (text) => `Invalid count "${text}".`),
  },
];

/** Runs until it is ended; resolves with the exit code. @throws {UsageError} */
export async function top(args: readonly string[]): Promise<number | Exclude<Asked, undefined>> {
  const { settings, asked } = readOwnOptions(TOP_OPTIONS, { isJson: false, count: 0 }, args);
  return asked ?? await new Top(settings).run();
}

class Top {
  readonly #settings: ConnectSettings & TopSettings;
  readonly #output: ToolOutput;
  readonly #link: ToolLink;
  readonly #model = new SysModel();
  #screen: Screen | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #round: ReturnType<typeof setTimeout> | undefined;
  #roundBeganMs = 0;
  #rounds = 0;

  constructor(settings: ConnectSettings & TopSettings) {
    this.#settings = settings;
    this.#output = new ToolOutput(false, () => this.#link.end(ToolExit.NobodyReads));
    this.#link = new ToolLink(settings, this.#output, {
      triesAgain: true,
      onConnect: (client) => this.#subscribe(client),
      wordsOfRefusal: () => undefined,
    });
  }

  async run(): Promise<number> {
    using _ = onSignals(() => this.#link.end(ToolExit.Success));
    try {
      return await this.#link.run();
    } finally {
      clearTimeout(this.#silence);
      clearTimeout(this.#round);
      this.#screen?.[Symbol.dispose]();
      this.#output.flush();
    }
  }

  #subscribe(client: MqttClient): void {
    if (client.listenerCount("message") === 0) {
      client.on("message", (topic, payload) => this.#receive(topic, payload.toString()));
    }
    client.subscribe([...SYS_FILTERS], { qos: 0 }, () => {});
    this.#silence ??= setTimeout(() => {
      this.#output.complain(
        "Error: The broker says nothing under $SYS: sys_interval may be 0, or we may not read it.",
      );
      this.#link.end(ToolExit.Failed);
    }, SILENCE_MS);
  }

  #receive(topic: string, payload: string): void {
    clearTimeout(this.#silence);
    this.#model.receive(topic, payload);
    if (this.#round !== undefined) return;
    this.#roundBeganMs = performance.now();
    this.#round = setTimeout(() => this.#endRound(), ROUND_MS);
  }

  #endRound(): void {
    this.#round = undefined;
    this.#model.endRound(this.#roundBeganMs);
    this.#show();
    if (++this.#rounds === this.#settings.count) this.#link.end(ToolExit.Success);
  }

  #show(): void {
    const report = this.#model.report();
    if (this.#settings.isJson) {
      this.#output.printText(`${jsonLine(report, new Date())}\n`);
    } else if (!Deno.stdout.isTerminal()) {
      if (this.#rounds % HEADER_EVERY === 0) this.#output.printText(`${plainHeader()}\n`);
      this.#output.printText(`${plainLine(report)}\n`);
    } else {
      this.#screen ??= openScreen(() => this.#link.end(ToolExit.Success), () => this.#draw());
      this.#draw();
    }
  }

  #draw(): void {
    this.#screen?.draw((size) => screenLines(this.#model.report(), this.#where(), size));
  }

  #where(): string {
    const { unixPath, host = "localhost" } = this.#settings;
    return unixPath ?? `${host}:${portOf(this.#settings)}`;
  }
}
