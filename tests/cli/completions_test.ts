// `midge completions`: made from the definitions, so what the help texts have, they have. That a real bash completes with
// them is tests/interop/completions.sh.

import assert from "node:assert/strict";
import { COMMANDS, type Session } from "../../src/cli/commands.ts";
import { type CommandShape, shapeOf, SHELLS } from "../../src/cli/completions.ts";
import { PUB_OPTIONS } from "../../src/cli/client/pub_options.ts";
import { SUB_OPTIONS } from "../../src/cli/client/sub_options.ts";
import { completeProgram, runProgram } from "../../src/cli/program.ts";

function silentSession(): Session & { text: string } {
  return {
    text: "",
    readTextFile: () => "",
    print(text) {
      this.text += text;
    },
    printError(text) {
      this.text += text;
    },
    exitCode: 0,
  };
}

const program = shapeOf(await completeProgram(silentSession()));

function find(path: string, shape: CommandShape = program): CommandShape | undefined {
  if (shape.path === path) return shape;
  return shape.commands.map((each) => find(path, each)).find((each) => each !== undefined);
}

Deno.test("completions know every command, and what is below it", () => {
  for (const { name } of COMMANDS) assert.ok(find(`midge ${name}`), name);
  assert.ok(find("midge retained rm") && find("midge acl test") && find("midge start"));
});

for (const [command, rows] of [["pub", PUB_OPTIONS], ["sub", SUB_OPTIONS]] as const) {
  Deno.test(`completions know every option of midge ${command}, and which have values`, () => {
    const { options } = find(`midge ${command}`)!;
    for (const { names, value, description } of rows) {
      if (description === undefined) continue;
      const option = options.find((each) => each.names.includes(names[0]!));
      assert.ok(option, `${names}`);
      assert.equal(option.value !== undefined, value !== undefined, `${names}`);
    }
    assert.equal(options.find(({ names }) => names.includes("--cafile"))?.value, "file");
    assert.equal(options.find(({ names }) => names.includes("--capath"))?.value, "folder");
  });
}

for (const shell of Object.keys(SHELLS)) {
  Deno.test(`midge completions ${shell} has each command and long option`, async () => {
    const session = silentSession();
    assert.equal(await runProgram(["completions", shell], session), 0);
    for (const { name } of COMMANDS) assert.match(session.text, new RegExp(`\\b${name}\\b`));
    assert.ok(session.text.includes("retain-as-published"));
    assert.ok(!session.text.includes("undefined") && !session.text.includes("<FILE>"));
  });
}

Deno.test("midge completions for another shell is refused with 3", async () => {
  const session = silentSession();
  assert.equal(await runProgram(["completions", "tcsh"], session), 3);
  assert.match(session.text, /write bash, zsh or fish/);
});
