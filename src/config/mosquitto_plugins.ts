// Plugins of Mosquitto 2.1 that are only files of data are emulated, by the base name of the .so; others
// are refused by name.

import type { ListenerDraft, MosquittoDraft, PluginDraft } from "./mosquitto_draft.ts";
import { didYouMean } from "./suggest.ts";

/** What a plugin's file is for, and the options it has; the first one is its file. */
const PLUGINS: ReadonlyMap<string, readonly string[]> = new Map([
  ["mosquitto_password_file", ["password_file"]],
  ["mosquitto_acl_file", ["acl_file"]],
  ["mosquitto_persist_sqlite", ["db_file", "sync", "flush_period", "page_size"]],
]);
const INSTEAD: ReadonlyMap<string, string> = new Map([
  [
    "mosquitto_dynamic_security",
    "Write its roles as an ACL file, and its clients as a password file (midge passwd).",
  ],
]);
const USE_FILES = `Emulated are ${[...PLUGINS.keys()].join(", ")}.`;

/** Checks every plugin and puts what they stand for into the draft. */
export function resolvePlugins(draft: MosquittoDraft): void {
  for (const plugin of draft.plugins) checkPlugin(draft, plugin);
  for (const plugin of draft.plugins) {
    if (plugin.kind === "mosquitto_persist_sqlite") selectPersistence(draft, plugin);
    else if (!isUsed(draft, plugin)) warnOfUnused(draft, plugin);
  }
  for (const plugin of draft.globalPlugins) useGlobally(draft, plugin);
  for (const listener of draft.listeners) {
    for (const plugin of listener.plugins) useFor(draft, listener, plugin);
  }
}

function checkPlugin(draft: MosquittoDraft, { kind, line, options }: PluginDraft): void {
  const known = PLUGINS.get(kind);
  if (known === undefined) {
    const hint = INSTEAD.get(kind) ?? didYouMean(kind, [...PLUGINS.keys()]) ?? USE_FILES;
    draft.problem(line, "refused", `midge can't load the plugin '${kind}'.`, hint);
    return;
  }
  for (const [name, optionLine] of options.lines) {
    if (known.includes(name)) continue;
    const hint = didYouMean(name, known) ?? `It has ${known.join(", ")}.`;
    draft.problem(optionLine, "invalid", `Unknown option '${name}' of plugin '${kind}'.`, hint);
  }
  const [file] = known;
  if (kind !== "mosquitto_persist_sqlite" && !options.values.has(file!)) {
    draft.problem(line, "invalid", `The plugin '${kind}' needs 'plugin_opt_${file}'.`);
  }
}

function isUsed({ globalPlugins, listeners }: MosquittoDraft, plugin: PluginDraft): boolean {
  return globalPlugins.includes(plugin) ||
    listeners.some(({ plugins }) => plugins.includes(plugin));
}

function warnOfUnused(draft: MosquittoDraft, { line, name, kind }: PluginDraft): void {
  draft.note("warning", line, `No listener uses the plugin '${name}' (${kind}): add plugin_use.`);
}

const SYNC: ReadonlyMap<string, string> = new Map([
  ["extra", "power"],
  ["full", "power"],
  ["normal", "process"],
  ["off", "process"],
]);

function selectPersistence(draft: MosquittoDraft, { line, options }: PluginDraft): void {
  const sync = options.values.get("sync") as string | undefined;
  const durability = sync === undefined ? "process" : SYNC.get(sync);
  if (durability === undefined) {
    const allowed = `Allowed: ${[...SYNC.keys()].join(", ")}.`;
    draft.problem(
      options.lines.get("sync")!,
      "invalid",
      `Invalid 'sync' value (${sync}).`,
      allowed,
    );
    return;
  }
  draft.global.set("persistence.durability", durability, line);
}

/** The key in a listener, and the file, of a plugin that stands for one. */
function fileOf({ kind, options }: PluginDraft): { key: string; file: string } | undefined {
  const [name] = PLUGINS.get(kind) ?? [];
  const file = name === undefined ? undefined : options.values.get(name) as string | undefined;
  if (file === undefined) return undefined;
  if (kind === "mosquitto_password_file") return { key: "passwordFile", file };
  return kind === "mosquitto_acl_file" ? { key: "aclFile", file } : undefined;
}

/** `global_plugin`, and `plugin` without `per_listener_settings`: every listener has it. */
function useGlobally(draft: MosquittoDraft, plugin: PluginDraft): void {
  const use = fileOf(plugin);
  if (use === undefined) return;
  const key = `access.${use.key}`;
  const earlier = draft.global.values.get(key);
  if (earlier !== undefined && earlier !== use.file) return refuseSecond(draft, plugin, use.file);
  draft.global.set(key, use.file, plugin.line);
}

function useFor(draft: MosquittoDraft, listener: ListenerDraft, plugin: PluginDraft): void {
  const use = fileOf(plugin);
  if (use === undefined) return;
  const earlier = listener.section.values.get(use.key) ??
    draft.global.values.get(`access.${use.key}`);
  if (earlier !== undefined && earlier !== use.file) return refuseSecond(draft, plugin, use.file);
  listener.section.set(use.key, use.file, plugin.line);
}

/** Mosquitto asks one after the other; midge has one of each for a listener. */
function refuseSecond(draft: MosquittoDraft, { line, kind }: PluginDraft, file: string): void {
  draft.problem(
    line,
    "refused",
    `midge can't use a second file ('${file}' of plugin '${kind}') for the same listener.`,
    "Put both files into one.",
  );
}
