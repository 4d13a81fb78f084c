// `midge pub` and `midge sub` as commands: arguments in, exit code out. What a tool needs is loaded when its
// arguments are right.

import { writeText } from "../../observe/console.ts";
import { VERSION } from "../../server/version.ts";
import { readPubSettings, readSubSettings } from "./read_settings.ts";
import { UsageError } from "./usage_error.ts";
import { ToolExit } from "./words.ts";

export async function pub(args: readonly string[]): Promise<number> {
  return await orComplain("pub", async () => {
    const settings = readPubSettings(args);
    if (typeof settings === "string") return await answer("pub", settings);
    return await (await import("./pub.ts")).runPub(settings);
  });
}

export async function sub(args: readonly string[]): Promise<number> {
  return await orComplain("sub", async () => {
    const settings = readSubSettings(args);
    if (typeof settings === "string") return await answer("sub", settings);
    return await (await import("./sub.ts")).runSub(settings);
  });
}

/** Runs a tool; what is wrong with its arguments is told with where to find more. */
export async function orComplain(command: string, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    writeText("stderr", `${error.line}\n\nUse 'midge ${command} --help' to see usage.\n`);
    return ToolExit.Failed;
  }
}

export async function answer(command: string, asked: "help" | "version"): Promise<number> {
  if (asked === "help") return await (await import("../program.ts")).runProgram(["help", command]);
  writeText("stdout", `midge version ${VERSION}\n`);
  return ToolExit.Success;
}
