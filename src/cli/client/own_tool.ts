// What top, retained and bench have in common: pub's and sub's options for where the broker is and who we are, and
// how they complain.

import { writeText } from "../../observe/console.ts";
import { ExitCode } from "../exit_code.ts";
import { CONNECT_OPTIONS, TARGET_OPTIONS } from "./connect_options.ts";
import { applyOptions, type Asked, type OptionRow } from "./option_row.ts";
import { connectDefaults, type ConnectSettings } from "./settings.ts";
import { answer } from "./tools.ts";
import { UsageError } from "./usage_error.ts";

const NAMES = ["-u", "-P", "-i", "-V", "-k"];

/** Options that each of these tools has behind its own. */
export const SHARED_OPTIONS: readonly OptionRow<ConnectSettings>[] = [
  ...TARGET_OPTIONS,
  ...CONNECT_OPTIONS.filter(({ names }) => NAMES.includes(names[0]!)),
];

/** Reads `args` into what `own` adds to the defaults. @throws {UsageError} */
export function readOwnOptions<S extends object>(
  rows: readonly OptionRow<S & ConnectSettings>[],
  own: S,
  args: readonly string[],
  takesWord?: (word: string) => void,
): { settings: S & ConnectSettings; asked: Asked } {
  const settings = { ...connectDefaults(), ...own };
  const asked = applyOptions([...rows, ...SHARED_OPTIONS], settings, args, takesWord);
  if ((settings.certFile === undefined) !== (settings.keyFile === undefined)) {
    throw new UsageError("--cert and --key go together: one of them is missing.");
  }
  if (
    settings.version !== 5 && settings.password !== undefined && settings.username === undefined
  ) {
    throw new UsageError("-P wants a user name beside it: -u NAME.");
  }
  return { settings, asked };
}

/** Runs a tool of midge's own; wrong arguments end with 3. */
export async function runOwnTool(
  command: string,
  run: () => Promise<number | Exclude<Asked, undefined>>,
): Promise<number> {
  try {
    const outcome = await run();
    return typeof outcome === "number" ? outcome : await answer(command, outcome);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    writeText("stderr", `${error.line} Try midge ${command} --help.\n`);
    return ExitCode.BadConfiguration;
  }
}
