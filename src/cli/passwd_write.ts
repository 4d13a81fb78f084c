// Replaces a file in one step: whoever reads it sees the old text or the new one, also after a power cut.

import { basename, dirname } from "node:path";

/** Nobody but the owner may read a new file. */
const NEW_FILE_MODE = 0o600;
const ACCESS_BITS = 0o777;
const OTHERS_BITS = 0o007;

/**
 * Writes `text` to `path` by a new file in the same folder. The owner and the group stay; so does the mode,
 * except that a file that everybody could read is the owner's alone from then on.
 *
 * @returns sentences that the user should see.
 */
export function replaceFile(path: string, text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const { target, old } = resolve(path);
  const temporary = Deno.makeTempFileSync({
    dir: dirname(target),
    prefix: `.${basename(target)}.`,
  });
  try {
    const warnings = writeAndSync(temporary, target, bytes, old);
    try {
      Deno.renameSync(temporary, target);
    } catch (error) {
      if (!(error instanceof Deno.errors.Busy)) throw error;
      // Containers mount single files, and those can't be replaced.
      overwrite(target, bytes);
      Deno.removeSync(temporary);
      warnings.push(`${path} is mounted by itself and was written in place, not in one step.`);
    }
    syncFolder(dirname(target));
    return warnings;
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // It is gone, or can't be removed either: the first error says more.
    }
    throw error;
  }
}

/** What a link leads to, and what is there. */
function resolve(path: string): { target: string; old: Deno.FileInfo | undefined } {
  try {
    const target = Deno.realPathSync(path);
    return { target, old: Deno.statSync(target) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { target: path, old: undefined };
  }
}

function writeAndSync(
  temporary: string,
  path: string,
  bytes: Uint8Array,
  old: Deno.FileInfo | undefined,
): string[] {
  const warnings: string[] = [];
  if (Deno.build.os !== "windows") {
    const mode = (old?.mode ?? NEW_FILE_MODE) & ACCESS_BITS;
    const isOpen = (mode & OTHERS_BITS) !== 0;
    if (isOpen) warnings.push(`${path} was open to everybody; now only its owner may read it.`);
    if (old !== undefined && !keepOwner(temporary, old)) {
      warnings.push(`${path} belongs to you now: check that the broker may read it.`);
    }
    Deno.chmodSync(temporary, isOpen ? NEW_FILE_MODE : mode);
  }
  overwrite(temporary, bytes);
  return warnings;
}

function keepOwner(temporary: string, old: Deno.FileInfo): boolean {
  const { uid, gid } = Deno.statSync(temporary);
  if (uid === old.uid && gid === old.gid) return true;
  try {
    Deno.chownSync(temporary, old.uid, old.gid);
    return true;
  } catch {
    return false;
  }
}

function overwrite(path: string, bytes: Uint8Array): void {
  using file = Deno.openSync(path, { write: true, truncate: true });
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
}

/** The new name survives a power cut only when the folder is written, too. */
function syncFolder(path: string): void {
  try {
    using folder = Deno.openSync(path);
    folder.syncSync();
  } catch {
    // Not every file system and not every system can.
  }
}
