// A mosquitto.conf while it is being read: what has been set, where, and what the next line belongs to.

import {
  type ConfigNote,
  type ConfigProblem,
  formatLocation,
  type Location,
  type ProblemCategory,
} from "./config_error.ts";
import { ValueError } from "./mosquitto_values.ts";

/** Where the options for all WebSocket listeners have the bytes of a request's header. */
export const WEB_SOCKET_HEADER_BYTES = "webSocket.maximumHeaderBytes";

/** One line of the file. */
export interface OptionLine {
  readonly name: string;
  /** What follows the name, without the blanks at both ends. */
  readonly rest: string;
  readonly location: Location;
}

/** Values by their path in the Config, such as `tls.certFile`, and the line of each. */
export class Section {
  readonly values: Map<string, unknown> = new Map();
  readonly lines: Map<string, OptionLine> = new Map();

  /** Sets or replaces. */
  set(key: string, value: unknown, line: OptionLine): void {
    this.values.set(key, value);
    this.lines.set(key, line);
  }

  /** @throws {ValueError} if it is set already. */
  setOnce(key: string, value: unknown, line: OptionLine, hint?: string): void {
    const earlier = this.lines.get(key);
    if (earlier !== undefined) {
      throw new ValueError(
        `Duplicate '${line.name}' value in configuration.`,
        `It is set in ${placeOf(earlier, line)} already${hint ?? ""}.`,
      );
    }
    this.set(key, value, line);
  }

  delete(key: string): void {
    this.values.delete(key);
    this.lines.delete(key);
  }
}

export class ListenerDraft {
  readonly section = new Section();
  /** Plugins that only this listener uses. */
  readonly plugins: PluginDraft[] = [];
  readonly isDefault: boolean;
  /** The line that made it. */
  readonly line: OptionLine;

  constructor(line: OptionLine, isDefault: boolean) {
    this.line = line;
    this.isDefault = isDefault;
  }
}

export class PluginDraft {
  /** From `plugin_load`; others have none. */
  readonly name: string | undefined;
  /** The name of the file without folder and ending. */
  readonly kind: string;
  readonly line: OptionLine;
  readonly options: Section = new Section();

  constructor(line: OptionLine, path: string, name?: string) {
    this.line = line;
    this.name = name;
    this.kind = path.split(/[/\\]/).at(-1)!.replace(/\.(so|dll|dylib)$/, "");
  }
}

/** What the next option belongs to. Each file of `include_dir` begins without any. */
export interface Place {
  listener: ListenerDraft | undefined;
  bridge: Section | undefined;
  plugin: PluginDraft | undefined;
}

export class MosquittoDraft {
  readonly global = new Section();
  readonly listeners: ListenerDraft[] = [];
  readonly bridges: Section[] = [];
  readonly plugins: PluginDraft[] = [];
  /** Plugins that all listeners use. */
  readonly globalPlugins: PluginDraft[] = [];
  readonly problems: ConfigProblem[] = [];
  readonly notes: ConfigNote[] = [];
  /** No `listener`, `port` or `bind_address` so far. */
  localOnly = true;
  perListenerSettings = false;
  hasSecuritySettings = false;

  get defaultListener(): ListenerDraft | undefined {
    return this.listeners.find(({ isDefault }) => isDefault);
  }

  /** The listener of options before the first `listener`. */
  openDefaultListener(line: OptionLine): ListenerDraft {
    if (this.defaultListener) return this.defaultListener;
    const listener = new ListenerDraft(line, true);
    this.listeners.push(listener);
    return listener;
  }

  note(level: ConfigNote["level"], line: OptionLine, message: string): void {
    this.notes.push({ ...line.location, level, message });
  }

  problem(line: OptionLine, category: ProblemCategory, message: string, hint?: string): void {
    this.problems.push({
      ...line.location,
      category,
      value: line.rest,
      message,
      ...hint !== undefined && { hint },
    });
  }
}

/** "line 3", or with the file if that is another one. */
function placeOf({ location }: OptionLine, seenFrom: OptionLine): string {
  const isSameFile = location.path === seenFrom.location.path;
  return isSameFile ? `line ${location.line}` : formatLocation(location);
}
