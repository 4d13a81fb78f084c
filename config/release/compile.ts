// deno task compile: midge as one executable, for this machine or for all that it is released for.
//
//   compile.ts                     ./midge for this machine
//   compile.ts --all [FOLDER]      FOLDER/midge-VERSION-SYSTEM-MACHINE of each target; default: ./dist
//   compile.ts --print-flags       the flags of `deno compile`, a line each, for those who compile otherwise
//
// `deno compile` puts the program behind a base runtime that it downloads once for each target. Where that can't
// be had, a line says so, the other targets are made all the same, and the exit code is 1.

import config from "../../deno.json" with { type: "json" };
import { writeText } from "../../src/observe/console.ts";

/** What a user calls the machine, and what Deno does. */
export const TARGETS = [
  { name: "linux-x64", triple: "x86_64-unknown-linux-gnu", suffix: "" },
  { name: "linux-arm64", triple: "aarch64-unknown-linux-gnu", suffix: "" },
  { name: "macos-x64", triple: "x86_64-apple-darwin", suffix: "" },
  { name: "macos-arm64", triple: "aarch64-apple-darwin", suffix: "" },
  { name: "windows-x64", triple: "x86_64-pc-windows-msvc", suffix: ".exe" },
] as const;

/** Modules that no import names, because they are started as workers. */
export const WORKERS = [
  "src/cli/bench/bench_worker.ts",
  "src/server/password_argon2_worker.ts",
  "src/store/store_worker.ts",
];

/**
 * No --allow-run and no --allow-ffi: a broker starts no programs and loads no libraries. What a configuration may
 * name (addresses, files, `${VARIABLES}`) can't be known here. --no-prompt: at a terminal, too, what is not
 * allowed is not asked for. --no-code-cache: the cache would be a file of a known name in the system's folder
 * for temporary files, where anybody may put another one before; V8 runs what is in it.
 */
export const FLAGS: readonly string[] = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-sys",
  "--no-prompt",
  "--no-code-cache",
  "--v8-flags=--max-semi-space-size=2",
  ...WORKERS.flatMap((path) => ["--include", path]),
];

/**
 * What is for releases only. --exclude-unused-npm: without it, which older Denos do not know, the executable holds the
 * tests' packages, too. --frozen: what deno.lock does not have is not put in.
 */
const NEW_FLAGS = ["--exclude-unused-npm", "--frozen"];

const root = new URL("../../", import.meta.url);

/** @returns what went wrong, as one line; undefined: nothing. */
async function compile(output: string, ...more: readonly string[]): Promise<string | undefined> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--quiet", ...FLAGS, ...NEW_FLAGS, ...more, "--output", output, "main.ts"],
    cwd: root,
    stdin: "null",
    stdout: "inherit",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  return success ? undefined : firstReason(new TextDecoder().decode(stderr));
}

/** Of Deno's report the line that says why, and not where. */
export function firstReason(report: string): string {
  const runtime = /error sending request for url \((?<url>[^)]*)\)/.exec(report)?.groups?.url;
  if (runtime !== undefined) return `the base runtime can't be downloaded (${runtime})`;
  const line = report.split("\n").find((each) => /^\s*(error|0):?\s/.test(each)) ?? report;
  return line.trim().replace(/^error:\s*/, "");
}

async function main(args: readonly string[]): Promise<number> {
  const [mode, folder = "dist", ...rest] = args;
  if (rest.length > 0 || (mode !== undefined && mode !== "--all" && mode !== "--print-flags")) {
    writeText("stderr", "Usage: deno task compile [--all [FOLDER] | --print-flags]\n");
    return 3;
  }
  if (mode === "--print-flags") {
    writeText("stdout", `${FLAGS.join("\n")}\n`);
    return 0;
  }
  if (mode === undefined) {
    const output = `midge${Deno.build.os === "windows" ? ".exe" : ""}`;
    return report(output, await compile(output));
  }
  await Deno.mkdir(new URL(`${folder}/`, root), { recursive: true });
  let exitCode = 0;
  for (const { name, triple, suffix } of TARGETS) {
    const output = `${folder}/midge-${config.version}-${name}${suffix}`;
    exitCode = Math.max(exitCode, report(output, await compile(output, "--target", triple)));
  }
  return exitCode;
}

function report(output: string, problem: string | undefined): number {
  if (problem === undefined) writeText("stdout", `${output}: made\n`);
  else writeText("stderr", `${output}: left out: ${problem}\n`);
  return problem === undefined ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
