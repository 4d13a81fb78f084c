// Prints a Config as the YAML that reads as the same Config: what `midge check` shows of a mosquitto.conf
// to someone who changes over.

import { stringify } from "yaml";
import type { Config } from "./schema.ts";
import { showDuration, UNLIMITED } from "./schema_values.ts";

/** Those that the specification counts in seconds, so that their keys need no unit. */
const SECONDS = new Set(["maximumKeepAlive", "maximumSessionExpiryInterval"]);

/** The configuration in YAML, every value written out. */
export function printConfig(config: Config): string {
  return stringify(toInput(config), { lineWidth: 0 });
}

function toInput(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toInput);
  if (typeof value === "string") return value.replaceAll("${", "$${");
  if (value === UNLIMITED) return "unlimited";
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (typeof inner === "number" && key.endsWith("Ms")) {
        return [key.slice(0, -2), inner === 0 ? 0 : showDuration(inner)];
      }
      if (typeof inner === "number" && SECONDS.has(key)) return [key, inner && `${inner}s`];
      return [key, toInput(inner)];
    }),
  );
}
