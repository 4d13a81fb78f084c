// From arguments and the user's options file to settings, with what holds between options.

import { join } from "node:path";
import { applyOptions, type Asked, type OptionRow } from "./option_row.ts";
import { checkOnce, type PropertyEntry } from "./property_options.ts";
import { PUB_OPTIONS } from "./pub_options.ts";
import {
  type ConnectSettings,
  pubDefaults,
  type PubSettings,
  subDefaults,
  type SubSettings,
} from "./settings.ts";
import { SUB_OPTIONS } from "./sub_options.ts";
import { UsageError } from "./usage_error.ts";

/** Settings, or what else the arguments ask for. */
export type Read<S> = S | Exclude<Asked, undefined>;

/** @throws {UsageError} in mosquitto_pub's words. */
export function readPubSettings(args: readonly string[]): Read<PubSettings> {
  const settings = pubDefaults();
  const asked = readAll("mosquitto_pub", PUB_OPTIONS, settings, args);
  if (asked !== undefined) return asked;
  checkConnect(settings);
  if (settings.topic === undefined || settings.message === undefined) {
    throw new UsageError("Both topic and message must be supplied.");
  }
  if (settings.topic === "" && !settings.properties.PUBLISH.some(isTopicAlias)) {
    throw new UsageError("Invalid input. Does your topic contain '+' or '#'?");
  }
  return settings;
}

/** @throws {UsageError} in mosquitto_sub's words. */
export function readSubSettings(args: readonly string[]): Read<SubSettings> {
  const settings = subDefaults();
  const asked = readAll("mosquitto_sub", SUB_OPTIONS, settings, args);
  if (asked !== undefined) return asked;
  checkConnect(settings);
  if (settings.topics.length === 0 && settings.unsubscribes.length === 0) {
    throw new UsageError("You must specify a topic to subscribe to.");
  }
  if (settings.skipsRetained && settings.retainedOnly) {
    throw new UsageError("Combining '-R' and '--retained-only' makes no sense.");
  }
  return settings;
}

const isTopicAlias = ([identifier]: PropertyEntry) => identifier === "topic-alias";

/** The options file first: the command line has the last word. */
function readAll<S extends ConnectSettings>(
  file: string,
  rows: readonly OptionRow<S>[],
  settings: S,
  args: readonly string[],
): Asked {
  const { path, rest } = takeOptionsFile(args);
  const text = path === undefined ? readDefaultFile(file) : readNamedFile(path);
  for (const line of text.split(/\r?\n/)) {
    const words = /^(\S+)(?:\s+(.*\S))?\s*$/.exec(line);
    if (words === null || line.startsWith("#")) continue;
    const [, name, value] = words as unknown as [string, string, string | undefined];
    // Only -D has several words; all others take the rest of the line, blanks and all.
    const several = name === "-D" || name === "--property";
    const given = value === undefined ? [] : several ? value.split(/\s+/) : [value];
    applyOptions(rows, settings, [name, ...given]);
  }
  return applyOptions(rows, settings, rest);
}

/** `-o FILE`, as Mosquitto 2.1 has it. */
function takeOptionsFile(args: readonly string[]): { path?: string; rest: readonly string[] } {
  const at = args.indexOf("-o");
  if (at < 0) return { rest: args };
  const path = args[at + 1];
  if (path === undefined) {
    throw new UsageError("-o argument given but no options file specified.");
  }
  const rest = [...args.slice(0, at), ...args.slice(at + 2)];
  if (rest.includes("-o")) throw new UsageError("Duplicate -o argument given.");
  return { path, rest };
}

function readNamedFile(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    throw new UsageError(`Can't read the options file '${path}': ${(error as Error).message}.`);
  }
}

/** What stands in ~/.config/mosquitto_pub or _sub; nothing if it can't be read, as with Mosquitto. */
function readDefaultFile(name: string): string {
  const home = Deno.env.get("HOME");
  const folder = Deno.env.get("XDG_CONFIG_HOME") ??
    (home === undefined ? undefined : join(home, ".config"));
  if (folder === undefined) return "";
  try {
    return Deno.readTextFileSync(join(folder, name));
  } catch {
    return "";
  }
}

const WITHOUT_END = 0xffff_ffff;

function checkConnect(settings: ConnectSettings): void {
  const { willTopic, willPayload, willRetain, certFile, keyFile, version, properties } = settings;
  if (willPayload !== undefined && willTopic === undefined) {
    throw new UsageError("Will payload given, but no will topic given.");
  }
  if (willRetain && willTopic === undefined) {
    throw new UsageError("Will retain given, but no will topic given.");
  }
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new UsageError("Both certfile and keyfile must be provided if one of them is set.");
  }
  if (version === 5) checkSessionExpiry(settings);
  else if (!settings.isCleanSession && settings.id === undefined) {
    throw new UsageError("You must provide a client id if you are using the -c option.");
  }
  for (const [command, list] of Object.entries(properties)) {
    checkOnce(command === "WILL" ? "Will" : command, list);
  }
  if (version !== 5 && settings.password !== undefined && settings.username === undefined) {
    throw new UsageError("Problem setting username and/or password.");
  }
}

function checkSessionExpiry(settings: ConnectSettings): void {
  const expiry = settings.sessionExpiry ?? (settings.isCleanSession ? 0 : WITHOUT_END);
  if (expiry === 0) return;
  if (expiry === WITHOUT_END && settings.id === undefined) {
    throw new UsageError(
      "You must provide a client id if you are using an infinite session expiry interval.",
    );
  }
  settings.properties.CONNECT.push(["session-expiry-interval", String(expiry)]);
}
