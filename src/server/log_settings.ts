// From the configuration's section on logging to the settings of the log.

import type { LogLevel } from "../broker/ports.ts";
import type { Config } from "../config/schema.ts";
import { LOG_LEVELS, type LogSettings } from "../observe/line_log.ts";

/** What the command line says about the log. */
export interface LogOverrides {
  /** Every type, whatever the configuration says (-v). */
  readonly isVerbose: boolean;
  /** No destination, whatever the configuration says (-q). */
  readonly isQuiet: boolean;
}

/** The settings for `LineLog.configure`. */
export async function logSettingsOf(
  logging: Config["logging"],
  overrides: LogOverrides,
): Promise<LogSettings> {
  const { timestampFormat } = logging;
  return {
    levels: levelsOf(logging.types, overrides),
    destinations: overrides.isQuiet ? [] : logging.destinations,
    syslogFacility: logging.syslogFacility,
    connectionMessages: logging.connectionMessages,
    format: logging.format,
    timestamp: logging.timestamp,
    timestampFormat: timestampFormat === null
      ? undefined
      : (await import("strftime")).default.bind(undefined, timestampFormat),
  };
}

/** The levels of log_type, and all with -v. */
export function levelsOf(
  types: readonly string[],
  { isVerbose }: LogOverrides,
): readonly LogLevel[] {
  const wanted = new Set(types.map((type) => type === "information" ? "info" : type));
  return isVerbose ? LOG_LEVELS : LOG_LEVELS.filter((level) => wanted.has(level));
}
