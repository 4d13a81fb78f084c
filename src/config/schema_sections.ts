// Persistence, logging and reload.

import { z } from "zod";
import { addUnit } from "./schema_units.ts";
import { milliseconds, text } from "./schema_values.ts";

export const LOG_TYPES = [
  "error",
  "warning",
  "notice",
  "information",
  "debug",
  "subscribe",
  "unsubscribe",
  "websockets",
  "internal",
] as const;
const LOG_DESTINATIONS = ["stdout", "stderr", "syslog", "topic"] as const;

/** What the database is called if nobody says otherwise. */
export const STORE_FILE = "midge.db";

export type LogTypeName = typeof LOG_TYPES[number];

/** What survives the end of the process. */
export const Persistence = z.strictObject({
  durability: z.enum(["none", "relaxed", "process", "power"]).default("process").describe(
    "What an acknowledgement outlives: none: nothing; relaxed: acknowledged first, written soon; " +
      "process: the death of the process; power: a power cut",
  ),
  directory: text().default("./data").describe("Folder of the database"),
  file: text().default(STORE_FILE).describe("Name of the database in it"),
  flushInterval: milliseconds().prefault("1s")
    .describe("For relaxed: the longest time until what was acknowledged is written"),
}).transform(addUnit("Ms", "flushInterval"));

/** What is logged, and where to. */
export const Logging = z.strictObject({
  destinations: z.array(
    z.union([z.enum(LOG_DESTINATIONS), z.strictObject({ file: text() })], {
      error: () => `expected ${LOG_DESTINATIONS.join(", ")} or file: PATH`,
    }),
  ).default(["stderr"]).describe("None: there is no log"),
  types: z.union([z.literal("all"), z.array(z.enum(LOG_TYPES))], {
    error: (issue) =>
      issue.code === "invalid_union"
        ? `expected all, or a list of ${LOG_TYPES.join(", ")}`
        : undefined,
  }).default(["error", "warning", "notice", "information"])
    .transform((types) => types === "all" ? [...LOG_TYPES] : types).describe("all, or a list"),
  format: z.enum(["text", "json"]).default("text").describe("Form of a line"),
  timestamp: z.boolean().default(true).describe("Whether lines begin with the time"),
  timestampFormat: text().nullable().default(null)
    .describe("As strftime; null: seconds since 1970 (in json: ISO 8601)"),
  connectionMessages: z.boolean().default(true).describe("Whether coming and going is logged"),
  syslogFacility: z.enum([
    "daemon",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
  ]).default("daemon").describe("For the destination syslog"),
});

/** How a changed configuration is taken up. */
export const Reload = z.strictObject({
  watch: z.boolean().default(false).describe("Reload when a file changes, not only on SIGHUP"),
  onBadAccessFile: z.enum(["keep", "exit"]).default("keep")
    .describe("If an access file has become bad: keep the old rules, or end (as Mosquitto)"),
});
