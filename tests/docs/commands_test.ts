// Every command that the README and the pages of docs show does what they say: page.ts says how that is written.

import assert from "node:assert/strict";
import { COMMANDS } from "../../src/cli/commands.ts";
import { NOT_RUN } from "./not_run.ts";
import { type Step, stepsOf } from "./page.ts";
import { PageRun } from "./page_run.ts";

const root = new URL("../../", import.meta.url);
const docs = [...Deno.readDirSync(new URL("docs/", root))].map(({ name }) => `docs/${name}`);
const only = Deno.env.get("MIDGE_DOCS"); // one page, for who writes it
const pages = ["README.md", ...docs.filter((name) => name.endsWith(".md")).toSorted()]
  .filter((page) => page.includes(only ?? ""));
const steps = new Map(
  pages.map((page) => [page, stepsOf(page, Deno.readTextFileSync(new URL(page, root)))] as const),
);
/** A shell with the tools of a Linux. */
const canRun = Deno.build.os === "linux";
const hasOpenssl = (Deno.env.get("PATH") ?? "").split(":").some((folder) =>
  canRun && isFile(`${folder}/openssl`)
);
/** Pages at a time. */
const WORKERS = 3;

Deno.test({
  name: "every command in the documentation does what is shown",
  ignore: !canRun,
  // Steps run side by side, so each would see the processes of the others.
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async (t) => {
    const shown = pages.filter((page) => steps.get(page)!.some(isToRun));
    const waiting = shown.filter((page) => hasOpenssl || !needsOpenssl(page));
    const results = new Map(waiting.map((page) => [page, Promise.withResolvers<void>()]));
    const queue = waiting.toSorted((a, b) => steps.get(b)!.length - steps.get(a)!.length);
    const work = async () => {
      for (let page = queue.shift(); page !== undefined; page = queue.shift()) {
        const { resolve, reject, promise } = results.get(page)!;
        promise.catch(() => {}); // its step tells
        await runPage(steps.get(page)!).then(resolve, reject);
      }
    };
    const workers = Promise.all(Array.from({ length: WORKERS }, work));
    for (const page of shown) {
      await t.step({
        name: page,
        ignore: !results.has(page),
        fn: () => results.get(page)!.promise,
        sanitizeOps: false,
        sanitizeResources: false,
      });
    }
    await workers;
  },
});

Deno.test({
  name: "every command that is not run is one that the documentation shows",
  ignore: only !== undefined,
  fn: () => {
    const shown = new Set(
      [...steps.values()].flat().map((step) => step.kind === "command" ? step.command : ""),
    );
    assert.deepEqual(Object.keys(NOT_RUN).filter((command) => !shown.has(command)), []);
  },
});

Deno.test("commands of midge's that are not run are real ones", () => {
  const named = Object.keys(NOT_RUN).map((command) => /^midge (\w+)/.exec(command)?.[1]);
  const real = [undefined, "start", ...COMMANDS.map(({ name }) => name)];
  assert.deepEqual(named.filter((name) => !real.includes(name)), []);
});

async function runPage(steps: readonly Step[]): Promise<void> {
  await using run = await PageRun.create();
  for (const step of steps) if (!isLeftOut(step)) await run.do(step);
}

function isToRun(step: Step): boolean {
  return step.kind === "command" && !isLeftOut(step);
}

function isLeftOut(step: Step): boolean {
  return step.kind === "command" && step.command in NOT_RUN;
}

function needsOpenssl(page: string): boolean {
  return steps.get(page)!.some((step) =>
    step.kind === "command" && step.command.includes("openssl ")
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
