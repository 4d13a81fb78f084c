// A page of the documentation as a list of steps: the files that it shows, the commands, what they print.
//
// How to write a page, so that all of it can be run (page_run.ts does that, in a folder of its own):
//
//   ```sh         Commands, one a line, "\" at the end goes on. Each must end with 0.
//   ```text       Beginning with "$ ": commands and what they print, compared line by line. Their exit code does
//                 not matter; show it with "; echo $?". Other blocks need a comment above them that says
//                 what they are:
//   <!-- file: PATH -->    the block is this file; <!-- append: PATH --> goes at the end of it
//   <!-- log -->           the log, or the greeting, of the broker that was started last has these lines
//   <!-- sample: WHY -->   what a test can't have, and no commands; nothing is compared
//   <!-- varies: REGEX --> in the next block what matches may be different
//   Not shown to the reader, and without a block:
//   <!-- file: PATH
//   its text -->           a file that is there already
//   <!-- copy: FILE of this repository TO PATH -->
//   <!-- run: COMMAND -->  a command whose exit code does not matter
//
// In what is shown "…" stands for anything in a line, and alone for any lines.

export interface Shown {
  readonly page: string;
  /** Of the page, from 1. */
  readonly line: number;
}

export type Step =
  & Shown
  & (
    | {
      readonly kind: "file";
      readonly path: string;
      readonly text: string;
      readonly adds: boolean;
    }
    | { readonly kind: "copy"; readonly from: string; readonly to: string }
    | {
      readonly kind: "log";
      readonly lines: readonly string[];
      readonly varies: readonly RegExp[];
    }
    | {
      readonly kind: "command";
      readonly command: string;
      /** What it prints; undefined: not shown. */
      readonly prints: readonly string[] | undefined;
      readonly mustSucceed: boolean;
      readonly isHidden: boolean;
      readonly varies: readonly RegExp[];
    }
  );

const COMMENT = /^(?<indent> *)<!--\s*(?<body>[^]*?)-->[ ]*$/;
const FENCE = /^(?<indent> *)```(?<language>\w*)\n(?<text>[^]*?)^ *```$/;
const PIECE = new RegExp(`${COMMENT.source}|${FENCE.source.replaceAll("indent", "margin")}`, "gm");
/** Blocks of these languages are not ours to run. */
const OTHERS = ["ts"];

/** What `text`, the page called `page`, shows, in order. @throws {Error} for a block that nobody would check. */
export function stepsOf(page: string, text: string): Step[] {
  const steps: Step[] = [];
  let notes: Note[] = [];
  for (const piece of text.matchAll(PIECE)) {
    const at: Shown = { page, line: text.slice(0, piece.index).split("\n").length };
    const { body, language, text: block, margin = "" } = piece.groups!;
    if (body !== undefined) {
      const note = noteOf(body, at);
      if (note === undefined) continue;
      if (note.kind === "copy") steps.push({ ...at, kind: "copy", ...fromTo(note, at) });
      else if (note.kind === "run") steps.push(command(at, note.value, { isHidden: true }));
      else if (note.text !== "") steps.push(file(at, note, note.text));
      else notes.push(note);
      continue;
    }
    if (OTHERS.includes(language!)) continue;
    const lines = block!.split("\n").slice(0, -1).map((line) => line.replace(margin, ""));
    steps.push(...stepsOfBlock(at, language!, lines, notes));
    notes = [];
  }
  return steps;
}

interface Note {
  readonly kind: string;
  readonly value: string;
  /** Of a file that is not shown. */
  readonly text: string;
}

function noteOf(body: string, at: Shown): Note | undefined {
  const known = /^(file|append|log|sample|varies|copy|run)(?:: *(.*))?(?:\n([^]*))?$/.exec(
    body.trimEnd(),
  );
  if (known === null) {
    if (/^(begin|end|Made by)\b/.test(body.trim())) return undefined;
    throw new Error(`${at.page}:${at.line}: unknown comment ${body}`);
  }
  const [, kind, value = "", text] = known;
  return { kind: kind!, value: value.trim(), text: text === undefined ? "" : `${text}\n` };
}

function stepsOfBlock(
  at: Shown,
  language: string,
  lines: readonly string[],
  notes: readonly Note[],
): Step[] {
  const varies = notes.filter(({ kind }) => kind === "varies").map(({ value }) =>
    new RegExp(value, "g")
  );
  const is = notes.find(({ kind }) => kind !== "varies");
  if (is?.kind === "file" || is?.kind === "append") return [file(at, is, `${lines.join("\n")}\n`)];
  if (is?.kind === "log") return [{ ...at, kind: "log", lines, varies }];
  const isSession = lines[0]?.startsWith("$ ") === true; // if it can't be run, not_run.ts says why
  if (is?.kind === "sample" && !isSession) {
    if (is.value === "") throw new Error(`${at.page}:${at.line}: a sample needs its reason`);
    return [];
  }
  if (language === "sh") return commandsOf(at, lines, varies);
  if (isSession && is === undefined) return sessionOf(at, lines, varies);
  throw new Error(`${at.page}:${at.line}: say what this block is: file, append, log or sample`);
}

/** Shell lines, without comments; one that ends with a backslash goes on. */
function commandsOf(at: Shown, lines: readonly string[], varies: readonly RegExp[]): Step[] {
  return joined(at.line + 1, lines).flatMap(({ line, text }) => {
    const bare = withoutComment(text);
    return bare === "" ? [] : [command({ ...at, line }, bare, { mustSucceed: true, varies })];
  });
}

function sessionOf(at: Shown, lines: readonly string[], varies: readonly RegExp[]): Step[] {
  const starts = lines.flatMap((line, i) => line.startsWith("$ ") ? [i] : []);
  return starts.map((start, i) => {
    const end = starts[i + 1] ?? lines.length;
    const [first, ...prints] = joined(at.line + 1 + start, lines.slice(start, end));
    return command({ ...at, line: first!.line }, withoutComment(first!.text.slice(2)), {
      prints: prints.map(({ text }) => text),
      varies,
    });
  });
}

function joined(
  first: number,
  lines: readonly string[],
): { readonly line: number; readonly text: string }[] {
  const whole: { line: number; text: string }[] = [];
  let isOpen = false;
  lines.forEach((line, i) => {
    if (isOpen) whole.at(-1)!.text += `\n${line}`;
    else whole.push({ line: first + i, text: line });
    isOpen = line.endsWith("\\");
  });
  return whole;
}

function withoutComment(text: string): string {
  return text.replace(/(^|\s)#\s.*$/, "").trim();
}

function command(
  at: Shown,
  text: string,
  more: Partial<Extract<Step, { kind: "command" }>>,
): Step {
  return {
    ...at,
    kind: "command",
    command: text,
    prints: undefined,
    mustSucceed: false,
    isHidden: false,
    varies: [],
    ...more,
  };
}

function file(at: Shown, { kind, value }: Note, text: string): Step {
  return { ...at, kind: "file", path: value, text, adds: kind === "append" };
}

function fromTo({ value }: Note, at: Shown): { from: string; to: string } {
  const [, from, to] = /^(\S+) TO (\S+)$/.exec(value) ?? [];
  if (to === undefined) throw new Error(`${at.page}:${at.line}: write copy: FILE TO PATH`);
  return { from: from!, to };
}
