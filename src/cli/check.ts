// `midge check -c FILE`, and Mosquitto's --test-config: all that a start does, short of serving.

import { DENO_IO } from "../config/config_io.ts";
import { writeText } from "../observe/console.ts";
import { ConfigurationError, loadConfiguration } from "../server/configured_server.ts";
import { findUnusablePlaces } from "./check_places.ts";
import { ExitCode } from "./exit_code.ts";

/** Resolves with 0 if a broker would start with the configuration file `path`, else with 3. */
export async function check(path: string, port: number | undefined): Promise<number> {
  try {
    const { notes, config } = await loadConfiguration(path, DENO_IO, port);
    for (const { level, text } of notes) {
      writeText("stderr", `${level === "warning" ? "Warning: " : ""}${text}\n`);
    }
    const problems = findUnusablePlaces(config);
    if (problems.length > 0) throw new ConfigurationError(problems, false);
    writeText("stdout", `${path} is right: midge would start with it.\n`);
    return ExitCode.Success;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const problem of error.problems) {
      writeText("stderr", `Error: ${problem.replace(/^Error: /, "")}\n`);
    }
    return ExitCode.BadConfiguration;
  }
}
