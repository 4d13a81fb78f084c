// Reads a configuration file: chooses the front end by the name, or by what stands in it.

import { ConfigError } from "./config_error.ts";
import { type ConfigIO, DENO_IO, type ReadResult } from "./config_io.ts";
import { readMosquittoConf } from "./mosquitto_conf.ts";
import { type Config, ConfigSchema } from "./schema.ts";
import { readYamlConfig } from "./yaml_config.ts";

/**
 * Reads the configuration file at `path`.
 *
 * @throws {ConfigError} with everything that is wrong in it.
 */
export async function readConfig(path: string, io: ConfigIO = DENO_IO): Promise<ReadResult> {
  let contents: string;
  try {
    contents = await io.readTextFile(path);
  } catch (error) {
    throw unreadable(path, error);
  }
  return isYaml(path, contents)
    ? readYamlConfig(path, contents, io)
    : await readMosquittoConf(path, contents, io);
}

/** The configuration without a file: this machine only. */
export function defaultConfig(): Config {
  return ConfigSchema.parse({});
}

/** `.yaml`, `.yml` and `.json` are YAML, `.conf` is Mosquitto's; else the first line that says something. */
function isYaml(path: string, contents: string): boolean {
  if (/\.(ya?ml|json)$/i.test(path)) return true;
  if (/\.conf$/i.test(path)) return false;
  const line = contents.split(/\r?\n/).find((each) => /^[^#\s]/.test(each)) ?? "";
  return /^(---|[{]|["']?[A-Za-z]\w*["']?:(\s|$))/.test(line);
}

function unreadable(path: string, error: unknown): ConfigError {
  const hint = error instanceof Error ? error.message : String(error);
  return new ConfigError([{
    path,
    line: 0,
    category: "invalid",
    value: path,
    message: `Unable to open config file '${path}'.`,
    hint,
  }]);
}
