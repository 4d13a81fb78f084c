// Every option of Mosquitto 2.1, and what midge does with it: the table that the reader of mosquitto.conf
// works with and that the documentation shows.

import { BRIDGE_OPTIONS } from "./mosquitto_bridge_options.ts";
import { GLOBAL_OPTIONS } from "./mosquitto_global_options.ts";
import { LISTENER_OPTIONS } from "./mosquitto_listener_options.ts";
import type { MosquittoOption, OptionTable } from "./mosquitto_option.ts";

export const MOSQUITTO_OPTIONS: OptionTable = {
  ...GLOBAL_OPTIONS,
  ...LISTENER_OPTIONS,
  ...BRIDGE_OPTIONS,
};

/** `include_dir` is the reader's own; the others with a `*` carry the name of a plugin's option. */
export const OTHER_OPTION_NAMES: readonly string[] = ["include_dir", "plugin_opt_*", "auth_opt_*"];

export function findOption(name: string): MosquittoOption | undefined {
  return Object.hasOwn(MOSQUITTO_OPTIONS, name) ? MOSQUITTO_OPTIONS[name] : undefined;
}
