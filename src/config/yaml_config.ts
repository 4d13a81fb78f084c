// The configuration as people write it: YAML, nested, in the specification's words. Beside what the schema
// says, a text may hold `${NAME}` for a variable of the environment (`$${` for a plain `${`), so that
// secrets stay out of the file.

import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import { type Draft, finishDraft, type Place, showPath } from "./config_draft.ts";
import { ConfigError, type ConfigProblem, type Location } from "./config_error.ts";
import type { ConfigIO, ReadResult } from "./config_io.ts";

const VARIABLE = /\$\$\{|\$\{([^}]*)\}/g;

/**
 * Reads the text of a YAML configuration.
 *
 * @throws {ConfigError} with everything that is wrong.
 */
export function readYamlConfig(
  path: string,
  contents: string,
  io: Pick<ConfigIO, "getEnvironment">,
): ReadResult {
  const draft = new YamlReader(path, io).read(contents);
  return { config: finishDraft(draft), notes: draft.notes, find: draft.find };
}

class YamlReader {
  readonly #path: string;
  readonly #io: Pick<ConfigIO, "getEnvironment">;
  readonly #lines = new LineCounter();
  readonly #problems: ConfigProblem[] = [];
  /** Where each value's key stands; an item of a list stands for itself. */
  readonly #locations = new Map<string, Location>();

  constructor(path: string, io: Pick<ConfigIO, "getEnvironment">) {
    this.#path = path;
    this.#io = io;
  }

  read(contents: string): Draft {
    const document = parseDocument(contents, { lineCounter: this.#lines, prettyErrors: false });
    for (const { pos, message } of document.errors) {
      this.#problem(this.#at(pos[0]), "", `${message.replace(/\.$/, "")}.`);
    }
    if (this.#problems.length > 0) throw new ConfigError(this.#problems); // the rest is guesswork
    const resolve = (node: unknown) => isAlias(node) ? node.resolve(document) : node;
    const written = this.#valueOf(document.contents, [], resolve) ?? {};
    const input = isSection(written) ? withoutEmptySections(written) : written;
    return {
      input,
      problems: this.#problems,
      notes: [],
      locate: (keys) => this.#locate(keys),
      find: (keys) => {
        const name = showPath(keys);
        const location = this.#locations.get(name);
        return location && { location, name };
      },
    };
  }

  #valueOf(
    written: unknown,
    path: readonly PropertyKey[],
    resolve: (node: unknown) => unknown,
  ): unknown {
    const node = resolve(written);
    if (isMap(node)) {
      return Object.fromEntries(node.items.map(({ key, value }) => {
        const name = String(isScalar(key) ? key.value : key);
        const inner = [...path, name];
        this.#remember(inner, key as Node);
        return [name, this.#valueOf(value, inner, resolve)];
      }));
    }
    if (isSeq(node)) {
      return node.items.map((item, i) => {
        const inner = [...path, i];
        this.#remember(inner, item as Node);
        return this.#valueOf(item, inner, resolve);
      });
    }
    if (!isScalar(node)) return null;
    if (typeof node.value !== "string") return node.value;
    const text = this.#expand(node.value, this.#at(node.range?.[0]));
    return node.type === "PLAIN" && text !== node.value ? asPlain(text) : text;
  }

  #expand(text: string, location: Location): string {
    return text.replaceAll(VARIABLE, (found: string, name: string | undefined) => {
      if (name === undefined) return "${";
      const value = this.#io.getEnvironment(name);
      if (value !== undefined) return value;
      this.#problem(
        location,
        found,
        `The environment has no variable '${name}'.`,
        "Set it, and let midge read it (--allow-env); a plain ${ is written $${.",
      );
      return "";
    });
  }

  #remember(path: readonly PropertyKey[], node: Node): void {
    this.#locations.set(showPath(path), this.#at(node.range?.[0]));
  }

  #locate(keys: readonly PropertyKey[]): Place {
    const name = showPath(keys);
    for (let length = keys.length; length > 0; length--) {
      const location = this.#locations.get(showPath(keys.slice(0, length)));
      if (location !== undefined) return { location, name };
    }
    return { location: { path: this.#path, line: 1, column: 1 }, name: name || "configuration" };
  }

  #at(offset: number | undefined): Location {
    const { line, col } = this.#lines.linePos(offset ?? 0);
    return { path: this.#path, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #problem(location: Location, value: string, message: string, hint?: string): void {
    const { length } = this.#problems;
    this.#problems[length] = {
      ...location,
      category: "invalid",
      value,
      message,
      ...hint !== undefined && { hint },
    };
  }
}

type Section = Readonly<Record<string, unknown>>;

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `limits:` with nothing but comments below it is as good as no `limits:`. */
function withoutEmptySections(input: Section): Section {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}

/** `port: ${PORT}` is a number, and `"${PORT}"` a text, as they would be if they were written out. */
function asPlain(text: string): string | number | boolean {
  if (/^-?\d+$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text;
}
