// What has changed from one configuration to the next, in the operator's words: the option's name as it
// stands in the file, where, what it was and what it is.

import { formatLocation } from "./config_error.ts";
import type { ReadResult } from "./config_io.ts";
import type { Config, Listener } from "./schema.ts";
import { showDuration, UNLIMITED } from "./schema_values.ts";
import { type TakesEffect, takesEffect } from "./takes_effect.ts";

/** A configuration, and where its values stand. */
export type Located = Pick<ReadResult, "config" | "find">;

export interface ConfigChange {
  /** `max_packet_size`, `limits.maximumPacketSize`, `listener 1884 127.0.0.1`. */
  readonly name: string;
  /** What was and what is, and where: `2000000 -> 100000, m.conf:3`. */
  readonly details: string;
  readonly takesEffect: TakesEffect;
}

type Path = readonly PropertyKey[];

/** Every option that `after` has otherwise than `before`. */
export function findChanges(before: Located, after: Located): ConfigChange[] {
  const { listeners: olds, ...oldRest } = before.config;
  const { listeners: news, ...newRest } = after.config;
  return [
    ...differences(oldRest, newRest).filter(([key]) => key !== "localOnly")
      .map((path) => change(before, path, after, path)),
    ...listenerChanges(before, olds, after, news),
  ];
}

function listenerChanges(
  before: Located,
  olds: Config["listeners"],
  after: Located,
  news: Config["listeners"],
): ConfigChange[] {
  const oldKeys = olds.map(nameOf);
  const newKeys = news.map(nameOf);
  const gone = oldKeys.filter((key) => !newKeys.includes(key));
  const come = newKeys.filter((key) => !oldKeys.includes(key));
  const changed = news.flatMap((listener, i) => {
    const was = oldKeys.indexOf(newKeys[i]!);
    if (was < 0) return [];
    return differences(olds[was], listener)
      .filter((path) => !isInherited(before.config, olds[was]!, after.config, listener, path))
      .map((path) => {
        const own = change(before, ["listeners", was, ...path], after, ["listeners", i, ...path]);
        return { ...own, name: `${own.name} of ${newKeys[i]}` };
      });
  });
  return [
    ...gone.map((name) => ({ name, details: "closed", takesEffect: "at once" as const })),
    ...come.map((name) => ({ name, details: "opened", takesEffect: "at once" as const })),
    ...changed,
  ];
}

/** What the operator knows a listener by. */
function nameOf(listener: Listener): string {
  if (listener.kind === "unix") return `listener 0 ${listener.path}`;
  const { port, hostnames, bindInterface, socketDomain } = listener;
  const rest = [bindInterface, socketDomain].filter((each) => each !== null);
  return ["listener", port, ...hostnames, ...rest].join(" ");
}

/** What a listener only has from the sections for all: it is told of there. */
function isInherited(
  before: Config,
  old: Listener,
  after: Config,
  listener: Listener,
  path: Path,
): boolean {
  if (path.length !== 1) return false;
  const key = path[0] as keyof Listener;
  const sections = ["access", "limits"] as const;
  return sections.some((section) =>
    key in after[section] && isSame(old[key], valueAt(before[section], path)) &&
    isSame(listener[key], valueAt(after[section], path))
  );
}

function change(before: Located, oldPath: Path, after: Located, path: Path): ConfigChange {
  const was = before.find(inputPath(oldPath));
  const is = after.find(inputPath(path));
  const place = is ?? was;
  const values = isSecret(path)
    ? "hidden"
    : `${show(before, oldPath, was?.written)} -> ${show(after, path, is?.written)}`;
  const where = place && is === undefined ? "no longer set" : place && formatLocation(is!.location);
  return {
    name: place?.name ?? inputPath(path).join("."),
    details: where === undefined ? values : `${values}, ${where}`,
    takesEffect: takesEffect(path),
  };
}

/** As the file has it, where that is more than a part of it. */
function show({ config }: Located, path: Path, written: string | undefined): string {
  const value = valueAt(config, path);
  if (written !== undefined && !Array.isArray(value)) return written;
  return showSetting(String(path.at(-1)), value);
}

function showSetting(key: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  if (value === UNLIMITED) return "unlimited";
  if (typeof value === "number" && key.endsWith("Ms")) {
    return value === 0 ? "0" : showDuration(value);
  }
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.length === 0 ? "none" : value.map((each) => showSetting("", each)).join(", ");
}

/** Bridges know passwords. */
function isSecret(path: Path): boolean {
  return path[0] === "bridges" || path.some((key) => /password$|secret/i.test(String(key)));
}

/** In what is written a duration has its unit in the value. */
function inputPath(path: Path): Path {
  return path.map((key) => typeof key === "string" ? key.replace(/Ms$/, "") : key);
}

/** Lists are values, sections are not. */
function differences(before: unknown, after: unknown, path: Path = []): Path[] {
  if (isSame(before, after)) return [];
  if (!isSection(before) || !isSection(after)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(before[key], after[key], [...path, key]));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(a: unknown, b: unknown): boolean {
  return Object.is(a, b) || JSON.stringify(a) === JSON.stringify(b);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Readonly<Record<PropertyKey, unknown>> | null | undefined)?.[key],
    value,
  );
}
