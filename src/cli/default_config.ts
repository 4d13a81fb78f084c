// The configuration of who starts midge from its repository and names none.

import { fileURLToPath } from "node:url";
import { relative } from "node:path";

const PATH = "config/midge.yaml";

/**
 * The path of config/midge.yaml beside `mainUrl`; undefined in an executable, which has no folder, and where
 * the file is not there or may not be read: then the built-in defaults hold, which say the same.
 */
export function findDefaultConfig(mainUrl: string): string | undefined {
  if (Deno.build.standalone || !mainUrl.startsWith("file:")) return undefined;
  const path = fileURLToPath(new URL(PATH, mainUrl));
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return undefined;
  try {
    if (!Deno.statSync(path).isFile) return undefined;
  } catch {
    return undefined;
  }
  return shorten(path);
}

/** From where midge was started, if it is below. */
function shorten(path: string): string {
  try {
    const short = relative(Deno.cwd(), path);
    return short.startsWith("..") ? path : short;
  } catch {
    return path; // the working folder may not be told
  }
}
