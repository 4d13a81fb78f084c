// What the table of Mosquitto's options says of each, and how its rows are written.

import type { MosquittoDraft, OptionLine, Place } from "./mosquitto_draft.ts";
import type { ValueType } from "./mosquitto_values.ts";

/** What an option belongs to, and what must have come before it. */
export type Scope =
  /** The whole broker. */
  | "global"
  /** The whole broker, or with `per_listener_settings` the listener before it. */
  | "security"
  /** The listener before it, which may be the default one, but must be there. */
  | "listener"
  /** The listener before it, or the default listener, which it then opens. */
  | "any-listener"
  /** A listener that `listener` made. */
  | "named-listener"
  /** The `connection` before it. */
  | "bridge"
  /** The plugin before it. */
  | "plugin";

/**
 * - `offered`: as the manual says.
 * - `taken`: it has no meaning here, and a line says so.
 * - `refused`: it protects, and midge can't keep it.
 */
export type Does = "offered" | "taken" | "refused";

export interface MosquittoOption {
  readonly scope: Scope;
  readonly does: Does;
  /** A value that passes, for the table in the documentation and the tests. */
  readonly example: string;
  readonly value?: ValueType<unknown>;
  /** Where the value goes, within what the scope says. */
  readonly key?: string;
  /** For `taken`: what the line says. For `refused`: what to use instead. */
  readonly says?: string;
  /** Mosquitto's words for the option where they are not its name. */
  readonly label?: string;
  /** For those that are more than a value. */
  readonly run?: (reading: Reading) => void;
}

export interface Reading {
  readonly draft: MosquittoDraft;
  readonly place: Place;
  readonly line: OptionLine;
}

export type OptionTable = Readonly<Record<string, MosquittoOption>>;

/** An option whose value is what we need. */
export function sets(
  scope: Scope,
  does: Does,
  value: ValueType<unknown>,
  key: string,
  example: string,
  more: Partial<MosquittoOption> = {},
): MosquittoOption {
  return { scope, does, value, key, example, ...more };
}

/** An option that has no meaning here. */
export function taken(value: ValueType<unknown>, example: string, says: string): MosquittoOption {
  return { scope: "global", does: "taken", value, example, says };
}

/** An option that midge can't keep. */
export function refused(scope: Scope, example: string, instead: string): MosquittoOption {
  return { scope, does: "refused", example, says: instead };
}

/** An option that does something of its own. */
export function runs(
  scope: Scope,
  does: Does,
  example: string,
  run: (reading: Reading) => void,
): MosquittoOption {
  return { scope, does, example, run };
}
