// Reads mosquitto.conf as Mosquitto 2.1 does: lines into options, options into a draft, the draft into the
// input of the schema. It reads on after a problem, so that all of them are told at once.
//
//     lines ─▶ option ─▶ (table: scope, value, key) ─▶ MosquittoDraft ─▶ ConfigInput + where each value stands
//
// Facts of the format: `#` makes a comment only as the first character of a line; the name ends at a space;
// `true # really` is true; a text goes to the end of the line, blanks at its ends apart; what follows a
// number or a word is not looked at.

import { type Draft, finishDraft } from "./config_draft.ts";
import type { Location } from "./config_error.ts";
import {
  type ListenerDraft,
  MosquittoDraft,
  type OptionLine,
  type Place,
  type Section,
} from "./mosquitto_draft.ts";
import { finishMosquittoDraft } from "./mosquitto_finish.ts";
import type { MosquittoOption, Reading } from "./mosquitto_option.ts";
import { findOption, MOSQUITTO_OPTIONS, OTHER_OPTION_NAMES } from "./mosquitto_options.ts";
import { emptyValue, text, ValueError } from "./mosquitto_values.ts";
import type { ConfigIO, ReadResult } from "./config_io.ts";
import { didYouMean } from "./suggest.ts";

const PLUGIN_OPTION = /^(?:plugin|auth)_opt_/;

/**
 * Reads the text of a mosquitto.conf; `io` is for what it includes.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export async function readMosquittoConf(
  path: string,
  contents: string,
  io: ConfigIO,
): Promise<ReadResult> {
  const draft = new MosquittoDraft();
  await new FileReader(draft, path, io, true).read(contents);
  const finished: Draft = finishMosquittoDraft(draft, path);
  return { config: finishDraft(finished), notes: draft.notes, find: finished.find };
}

class FileReader {
  readonly #draft: MosquittoDraft;
  readonly #path: string;
  readonly #io: ConfigIO;
  readonly #isMain: boolean;
  readonly #place: Place = { listener: undefined, bridge: undefined, plugin: undefined };
  #hasToldOfTab = false;

  constructor(draft: MosquittoDraft, path: string, io: ConfigIO, isMain: boolean) {
    this.#draft = draft;
    this.#path = path;
    this.#io = io;
    this.#isMain = isMain;
  }

  async read(contents: string): Promise<void> {
    const lines = contents.replace(/^\uFEFF/, "").split(/\r*\n/);
    for (const [i, line] of lines.entries()) {
      if (line.startsWith("#")) continue;
      const option = this.#parse(line.replace(/[\0\r]+$/, ""), { path: this.#path, line: i + 1 });
      if (option === undefined) continue;
      try {
        if (option.name === "include_dir") await this.#include(option);
        else this.#apply(option);
      } catch (error) {
        if (!(error instanceof ValueError)) throw error;
        this.#draft.problem(option, "invalid", error.message, error.hint);
      }
    }
  }

  #parse(line: string, location: Location): OptionLine | undefined {
    const trimmed = line.replace(/^[ \t]+|[ \t]+$/g, "");
    if (trimmed === "") return undefined;
    const end = trimmed.search(/[ \t]/);
    const name = end < 0 ? trimmed : trimmed.slice(0, end);
    const rest = end < 0 ? "" : trimmed.slice(end).replace(/^[ \t]+/, "");
    const option = { name, rest, location };
    if (/^ *\t/.test(line) || trimmed[end] === "\t") this.#tellOfTab(option);
    return option;
  }

  #tellOfTab(line: OptionLine): void {
    if (this.#hasToldOfTab) return;
    this.#hasToldOfTab = true;
    this.#draft.note(
      "notice",
      line,
      "A tab before a name or value is taken for a space here; Mosquitto would refuse this line.",
    );
  }

  #apply(line: OptionLine): void {
    if (PLUGIN_OPTION.test(line.name)) return this.#applyPluginOption(line);
    const option = findOption(line.name);
    if (option === undefined) throw unknownOption(line.name);
    const reading: Reading = { draft: this.#draft, place: this.#place, line };
    if (option.does === "refused" && option.run === undefined) {
      this.#draft.problem(line, "refused", `midge can't keep '${line.name}'.`, option.says);
      return;
    }
    const section = this.#sectionFor(option, line);
    if (option.run) return option.run(reading);
    const label = option.label ?? line.name;
    const value = option.value!.read(line.rest, label);
    if (option.does === "taken") {
      this.#draft.note("information", line, `'${line.name}' is not used: ${option.says}`);
      return;
    }
    const key = this.#keyOf(option);
    if (!option.value!.isText) return section.set(key, value, line);
    const isSharedByAll = option.scope === "security" && !this.#draft.perListenerSettings;
    section.setOnce(
      key,
      value,
      { ...line, name: label },
      isSharedByAll ? ", for all listeners: without 'per_listener_settings true' it is global" : "",
    );
  }

  /** Where the option's value goes. @throws {ValueError} if what it belongs to is not there. */
  #sectionFor({ scope }: MosquittoOption, line: OptionLine): Section {
    const { listener, bridge, plugin } = this.#place;
    switch (scope) {
      case "global":
        return this.#draft.global;
      case "security":
        if (this.#draft.perListenerSettings) return required(listener, line).section;
        this.#draft.hasSecuritySettings = true;
        return this.#draft.global;
      case "listener":
        return required(listener, line).section;
      case "named-listener":
        return required(listener?.isDefault ? undefined : listener, line).section;
      case "any-listener":
        return (this.#place.listener ??= this.#openDefaultListener(line)).section;
      case "bridge":
        if (bridge !== undefined) return bridge;
        throw new ValueError(
          `The '${line.name}' option requires a bridge to be defined first.`,
          "Put it below a 'connection NAME' line.",
        );
      case "plugin":
        if (plugin !== undefined) return plugin.options;
        throw new ValueError(
          `The '${line.name}' option requires plugin/global_plugin/plugin_load to be defined first.`,
        );
    }
  }

  #keyOf({ scope, key }: MosquittoOption): string {
    const isGlobal = scope === "security" && !this.#draft.perListenerSettings;
    return isGlobal ? `access.${key}` : key!;
  }

  #openDefaultListener(line: OptionLine): ListenerDraft {
    return this.#draft.openDefaultListener(line);
  }

  #applyPluginOption(line: OptionLine): void {
    const section = this.#sectionFor({ scope: "plugin", does: "offered", example: "" }, line);
    const key = line.name.replace(PLUGIN_OPTION, "");
    if (key.length < 3) throw new ValueError("Invalid 'plugin_opt_' config option.");
    if (line.rest === "") throw emptyValue(key);
    section.setOnce(key, line.rest, line);
  }

  async #include(line: OptionLine): Promise<void> {
    if (!this.#isMain) {
      throw new ValueError("The include_dir option is only valid in the main configuration file.");
    }
    const folder = text.read(line.rest, line.name);
    let names: readonly string[];
    try {
      names = await this.#io.readDirectory(folder);
    } catch (error) {
      throw new ValueError(`Unable to open include_dir '${folder}'.`, reasonOf(error));
    }
    const files = names.filter((name) => name.endsWith(".conf") && name !== ".conf");
    for (const name of files.sort(inIncludeOrder)) {
      const path = `${folder.replace(/\/+$/, "")}/${name}`;
      this.#draft.note("information", line, `Loading config file '${path}'`);
      await this.#includeFile(path, line);
    }
  }

  async #includeFile(path: string, line: OptionLine): Promise<void> {
    let contents: string;
    try {
      contents = await this.#io.readTextFile(path);
    } catch (error) {
      this.#draft.problem(
        line,
        "invalid",
        `Unable to open config file '${path}'.`,
        reasonOf(error),
      );
      return;
    }
    await new FileReader(this.#draft, path, this.#io, false).read(contents);
  }
}

function required(listener: ListenerDraft | undefined, line: OptionLine): ListenerDraft {
  if (listener !== undefined) return listener;
  throw new ValueError(
    `The '${line.name}' option requires a listener to be defined first.`,
    "Put it below a 'listener PORT' line.",
  );
}

function unknownOption(name: string): ValueError {
  const known = [...Object.keys(MOSQUITTO_OPTIONS), ...OTHER_OPTION_NAMES];
  const hint = name.startsWith("#")
    ? "A comment begins with the first character of its line."
    : didYouMean(name, known);
  return new ValueError(`Unknown configuration variable '${name}'.`, hint);
}

/** 00.conf, A.conf, a.conf, B.conf: upper case just before lower case. */
export function inIncludeOrder(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (x === y) continue;
    const [upperX, upperY] = [x.toUpperCase(), y.toUpperCase()];
    return upperX === upperY ? (x < y ? -1 : 1) : upperX < upperY ? -1 : 1;
  }
  return a.length - b.length;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
