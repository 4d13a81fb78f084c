// `midge retained ls|rm`: the retained messages of any broker, listed and removed over MQTT.

import { Buffer } from "node:buffer";
import type { IPublishPacket, MqttClient } from "mqtt";
import { numberWithin, type OptionRow } from "./client/option_row.ts";
import { readOwnOptions } from "./client/own_tool.ts";
import type { Asked } from "./client/option_row.ts";
import type { ConnectSettings } from "./client/settings.ts";
import { ToolLink } from "./client/tool_link.ts";
import { ToolOutput } from "./client/tool_output.ts";
import { onSignals } from "./client/tool_signals.ts";
import { isTopicFilter } from "./client/topics.ts";
import { UsageError } from "./client/usage_error.ts";
import { ToolExit } from "./client/words.ts";

export interface RetainedSettings {
  isJson: boolean;
  isSure: boolean;
  /** How long nothing more has to come before all is taken to be there. */
  quietMs: number;
}

export const RETAINED_OPTIONS: readonly OptionRow<RetainedSettings>[] = [
  {
    names: ["--json"],
    description: "print JSON: ls a line for each message, rm one",
    apply: (settings) => settings.isJson = true,
  },
  {
    names: ["-y", "--yes"],
    description: "rm: do not ask",
    apply: (settings) => settings.isSure = true,
  },
  {
    names: ["--wait"],
    value: "SECONDS",
    missing: "no time specified",
    description: "all is there when nothing has come for so long (default: 1)",
    apply: (settings, value) =>
      settings.quietMs = 1_000 *
        numberWithin(value, 1, 3_600, (text) => `--wait ${text} is no number of seconds.`),
  },
];

/** A retained message. */
export interface Kept {
  readonly topic: string;
  readonly bytes: number;
  readonly qos: number;
  /** Seconds until it expires; undefined: never, or before MQTT 5.0 not known. */
  readonly expiresIn: number | undefined;
}

/** Lists or removes; resolves with the exit code. @throws {UsageError} */
export async function retained(
  args: readonly string[],
): Promise<number | Exclude<Asked, undefined>> {
  const words: string[] = [];
  const own = { isJson: false, isSure: false, quietMs: 1_000 };
  const { settings, asked } = readOwnOptions(
    RETAINED_OPTIONS,
    own,
    args,
    (word) => words.push(word),
  );
  if (asked !== undefined) return asked;
  const [action, ...filters] = words;
  if (action !== "ls" && action !== "rm") throw new UsageError("Write ls or rm, and a FILTER.");
  if (filters.length === 0) throw new UsageError(`Which messages? midge retained ${action} '#'`);
  const wrong = filters.find((filter) => !isTopicFilter(filter));
  if (wrong !== undefined) {
    throw new UsageError(`Invalid FILTER '${wrong}', are all '+' and '#' wildcards correct?`);
  }
  if (!args.includes("-V") && !args.includes("--protocol-version")) settings.version = 5;
  return await new RetainedTool(settings, action, filters).run();
}

class RetainedTool {
  readonly #settings: ConnectSettings & RetainedSettings;
  readonly #action: "ls" | "rm";
  readonly #filters: readonly string[];
  readonly #output: ToolOutput;
  readonly #link: ToolLink;

  constructor(
    settings: ConnectSettings & RetainedSettings,
    action: "ls" | "rm",
    filters: readonly string[],
  ) {
    this.#settings = settings;
    this.#action = action;
    this.#filters = filters;
    this.#output = new ToolOutput(false, () => this.#link.end(ToolExit.NobodyReads));
    this.#link = new ToolLink(settings, this.#output, {
      triesAgain: false,
      onConnect: (client) => {
        this.#work(client).then((code) => this.#link.end(code), (error) => {
          this.#output.complain(`Error: ${(error as Error).message}.`);
          this.#link.end(ToolExit.Failed);
        });
      },
      wordsOfRefusal: () => undefined,
    });
  }

  async run(): Promise<number> {
    using _ = onSignals(() => this.#link.end(ToolExit.Failed));
    const code = await this.#link.run();
    this.#output.flush();
    return code;
  }

  async #work(client: MqttClient): Promise<number> {
    const kept = await this.#gather(client);
    if (this.#action === "ls") {
      this.#list(kept);
      return ToolExit.Success;
    }
    if (kept.length > 0 && !this.#settings.isSure && !this.#isConfirmed(kept.length)) {
      return ToolExit.Failed;
    }
    await Promise.all(kept.map(({ topic }) => removeOne(client, topic)));
    // A broker before MQTT 5.0 does not say that it has not obeyed: so it is looked at again.
    const topics = new Set(kept.map(({ topic }) => topic));
    const left = kept.length === 0
      ? []
      : (await this.#gather(client)).filter(({ topic }) => topics.has(topic));
    return this.#report(kept.length - left.length, left);
  }

  /** All that is retained: what comes until nothing comes any more. */
  async #gather(client: MqttClient): Promise<Kept[]> {
    const kept = new Map<string, Kept>();
    let lastMs = performance.now();
    const receive = (topic: string, payload: Uint8Array, packet: IPublishPacket) => {
      if (!packet.retain) return;
      lastMs = performance.now();
      kept.set(topic, {
        topic,
        bytes: payload.length,
        qos: packet.qos,
        expiresIn: packet.properties?.messageExpiryInterval,
      });
    };
    client.on("message", receive);
    try {
      await client.subscribeAsync([...this.#filters], { qos: 2 });
      lastMs = performance.now();
      const { quietMs } = this.#settings;
      for (let left = quietMs; left > 0; left = lastMs + quietMs - performance.now()) {
        await new Promise((resolve) => setTimeout(resolve, left));
      }
      await client.unsubscribeAsync([...this.#filters]);
    } finally {
      client.off("message", receive);
    }
    return [...kept.values()].toSorted((a, b) => a.topic < b.topic ? -1 : 1);
  }

  #isConfirmed(count: number): boolean {
    if (!Deno.stdin.isTerminal()) {
      throw new Error("Nobody can be asked whether to remove them: write --yes");
    }
    this.#output.flush();
    return /^y(es)?$/i.test(prompt(`Remove ${messages(count)}? [y/N]`)?.trim() ?? "");
  }

  #list(kept: readonly Kept[]): void {
    if (this.#settings.isJson) {
      for (const { topic, bytes, qos, expiresIn } of kept) {
        const line = { topic, bytes, qos, expiresInSeconds: expiresIn ?? null };
        this.#output.printText(`${JSON.stringify(line)}\n`);
      }
      return;
    }
    const sum = kept.reduce((total, { bytes }) => total + bytes, 0);
    if (kept.length > 0) this.#output.printText(`     BYTES QOS  EXPIRES TOPIC\n`);
    for (const { topic, bytes, qos, expiresIn } of kept) {
      const expires = expiresIn === undefined ? "never" : `${expiresIn} s`;
      this.#output.printText(
        `${String(bytes).padStart(10)} ${qos}   ${expires.padStart(8)} ${printable(topic)}\n`,
      );
    }
    this.#output.printText(`${messages(kept.length)}, ${sum} bytes\n`);
  }

  #report(removed: number, left: readonly Kept[]): number {
    if (this.#settings.isJson) {
      const line = { removed, left: left.map(({ topic }) => topic) };
      this.#output.printText(`${JSON.stringify(line)}\n`);
    } else {
      this.#output.printText(`${messages(removed)} removed\n`);
      for (const { topic } of left) {
        this.#output.complain(`Error: ${printable(topic)} is still there: may we write to it?`);
      }
    }
    return left.length === 0 ? ToolExit.Success : ToolExit.Failed;
  }
}

async function removeOne(client: MqttClient, topic: string): Promise<void> {
  try {
    await client.publishAsync(topic, Buffer.alloc(0), { qos: 1, retain: true });
  } catch (error) {
    // A refusal has a code; that the message is still there is told afterwards.
    if (typeof (error as { code?: unknown }).code !== "number") throw error;
  }
}

function messages(count: number): string {
  return `${count} retained message${count === 1 ? "" : "s"}`;
}

// deno-lint-ignore no-control-regex
const CONTROLS = /[\x00-\x1f\x7f-\x9f]/g;

/** Someone else has named the topic: what would move the cursor is escaped. */
function printable(topic: string): string {
  return topic.replaceAll(
    CONTROLS,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
