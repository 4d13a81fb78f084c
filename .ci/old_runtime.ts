// Stands in, for the check of the compiled executable, for what the base runtime of ../shared/denort is too old to
// have (Deno 2.6; midge needs 2.9), so that the rest can be tried. It is in no executable that is released.

import process from "node:process";

if (Deno.args[0] === "--runtime") {
  await Deno.stdout.write(new TextEncoder().encode(`${Deno.version.deno}\n`));
  Deno.exit();
}

function standIn(of: object, name: string, value: (...args: unknown[]) => unknown): void {
  Object.defineProperty(of, name, { value, configurable: true, writable: true });
}

if (Number(Deno.version.deno.split(".")[1]) < 9) {
  standIn(Deno.FsFile.prototype, "tryLockSync", () => true);
  standIn(process, "getgroups", () => []);
}

export {};
