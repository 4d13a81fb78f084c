import assert from "node:assert/strict";
import { CancelledError, type SecretInput, SecretPrompt } from "../../src/cli/passwd_prompt.ts";

const decoder = new TextDecoder();

/** Input that comes in these pieces, and what was said and switched meanwhile. */
function promptOn(pieces: readonly (string | number[])[], isTerminal: boolean) {
  const rest = pieces.map((piece) =>
    typeof piece === "string" ? new TextEncoder().encode(piece) : Uint8Array.from(piece)
  );
  const events: string[] = [];
  const input: SecretInput = {
    read: (buffer) => {
      const piece = rest.shift();
      if (piece !== undefined) buffer.set(piece);
      return Promise.resolve(piece?.length ?? null);
    },
    isTerminal: () => isTerminal,
    setRaw: (isRaw) => events.push(isRaw ? "raw" : "cooked"),
  };
  const prompt = new SecretPrompt(input, (text) => events.push(text));
  const ask = async () => decoder.decode(await prompt.ask("? "));
  return { ask, events };
}

const TYPED = [
  { name: "ends with Return", pieces: ["secret\r"], password: "secret" },
  { name: "comes key by key", pieces: ["s", "e", "\r"], password: "se" },
  { name: "is corrected by Backspace", pieces: ["sex\x7fc\x08\x7f\x7f\x7fab\r"], password: "ab" },
  { name: "takes a whole character back", pieces: ["aü€\x7f\x7fb\r"], password: "ab" },
  { name: "is begun anew with Ctrl-U", pieces: ["wrong\x15right\r"], password: "right" },
  { name: "has arrows and function keys", pieces: ["a\x1b[A\x1b[15~\x1bOPb\r"], password: "ab" },
  { name: "ends with Ctrl-D", pieces: ["ab\x04"], password: "ab" },
  { name: "is not ASCII", pieces: [[0xc3], [0xbc, 0x0d]], password: "ü" },
  { name: "has control characters", pieces: ["a\x01\tb\r"], password: "ab" },
];
for (const { name, pieces, password } of TYPED) {
  Deno.test(`a password that is typed and ${name} is read without echo`, async () => {
    const { ask, events } = promptOn(pieces, true);
    assert.equal(await ask(), password);
    assert.deepEqual(events, ["? ", "raw", "cooked", "\n"]);
  });
}

Deno.test("what is pasted in one go answers two questions", async () => {
  const { ask } = promptOn(["one\rtwo\r"], true);
  assert.deepEqual([await ask(), await ask()], ["one", "two"]);
});

Deno.test("Ctrl-C cancels, and the terminal is as it was", async () => {
  const { ask, events } = promptOn(["sec\x03"], true);
  await assert.rejects(ask(), CancelledError);
  assert.deepEqual(events, ["? ", "raw", "cooked", "\n"]);
});

const PIPED = [
  { name: "lines", pieces: ["one\ntwo\n"], passwords: ["one", "two"] },
  { name: "lines as Windows ends them", pieces: ["one\r\ntwo\r\n"], passwords: ["one", "two"] },
  { name: "pieces of lines", pieces: ["o", "ne\nt", "wo"], passwords: ["one", "two"] },
  { name: "one line", pieces: ["one\n"], passwords: ["one", ""] },
  { name: "nothing", pieces: [], passwords: ["", ""] },
  {
    name: "blanks and control characters",
    pieces: [" a\tb \n\x7f\n"],
    passwords: [" a\tb ", "\x7f"],
  },
];
for (const { name, pieces, passwords } of PIPED) {
  Deno.test(`a pipe with ${name} is read line by line`, async () => {
    const { ask, events } = promptOn(pieces, false);
    assert.deepEqual([await ask(), await ask()], passwords);
    assert.ok(!events.includes("raw"));
  });
}
