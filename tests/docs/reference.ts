// The reference pages of docs, made of what the broker itself goes by: the schema, when a change takes effect,
// and the table of Mosquitto's options.

import { configJsonSchema } from "../../src/config/json_schema.ts";
import type { Does, MosquittoOption, Scope } from "../../src/config/mosquitto_option.ts";
import { MOSQUITTO_OPTIONS, OTHER_OPTION_NAMES } from "../../src/config/mosquitto_options.ts";
import { TAKES_EFFECT, takesEffect } from "../../src/config/takes_effect.ts";

/** The part of JSON Schema that is shown. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

const MADE_BY =
  "<!-- Made by deno task docs; tests/docs/reference_test.ts fails where it is not current. -->";

/** docs/configuration.md */
export function configurationPage(): string {
  const { properties = {} } = configJsonSchema() as Schema;
  const plain = Object.entries(properties).filter(([, schema]) => partsOf(schema).length === 0);
  const sections = Object.entries(properties).filter(([, schema]) => partsOf(schema).length > 0);
  return `${MADE_BY}

# Configuration reference

Everything that YAML can say. [config/midge.yaml](../config/midge.yaml) has what you will want to change
first; [config/midge.schema.json](../config/midge.schema.json) lets editors complete and check the file.
\`mosquitto.conf\` says the same in its own words: [Coming from Mosquitto](coming-from-mosquitto.md).

- Durations: \`500ms\`, \`30s\`, \`5min\`, \`12h\`, \`14d\`, \`2w\`, \`1y\`. Sizes: \`4096\`, \`64KiB\`, \`2MiB\`, \`2MB\`.
- \`\${NAME}\` is the variable NAME of the environment.
- *Reload*: when a changed value holds after a SIGHUP: at once, for new connections, or after a restart.

## At the top

${tableOf(plain.map(([name, schema]) => ({ path: [name], name, schema })))}
${sections.map(([name, schema]) => sectionOf(name, schema)).join("\n")}`;
}

interface Option {
  readonly path: readonly string[];
  readonly name: string;
  readonly schema: Schema;
}

function sectionOf(name: string, schema: Schema): string {
  const isList = schema.type === "array";
  const options = flatten(schema, [name, ...isList ? ["*"] : []], "");
  const form = isList ? " A list; each of its items has:" : "";
  return `## \`${name}\`\n\n${schema.description ?? ""}.${form}\n\n${tableOf(options)}`;
}

/** The options in a section, those of sections inside of it by `inner.option`. */
function flatten(schema: Schema, path: readonly string[], prefix: string): Option[] {
  return partsOf(schema).flatMap(([key, inner]) => {
    const here = [...path, key];
    const name = prefix + key;
    const parts = partsOf(inner);
    if (parts.length === 0) return [{ path: here, name, schema: inner }];
    const isList = inner.type === "array";
    const label = isList ? `${name}[].` : `${name}.`;
    return [
      { path: here, name, schema: { ...inner, type: isList ? "list" : "section" } },
      ...flatten(inner, [...here, ...isList ? ["*"] : []], label),
    ];
  });
}

/** What stands inside of an object, or of the objects of a list. */
function partsOf(schema: Schema): [string, Schema][] {
  const forms = [schema, schema.items ?? {}].flatMap((each) => [
    each,
    ...each.anyOf ?? [],
    ...each.oneOf ?? [],
  ]);
  // A form with one key that must be there is a value ({file: PATH}), no section.
  const parts = new Map<string, Schema>();
  for (const { properties = {} } of forms) {
    const own = Object.entries(properties);
    if (own.length === 1 && own[0]![1].description === undefined) continue;
    for (const [key, inner] of own) parts.set(key, merged(parts.get(key), inner));
  }
  return [...parts];
}

/** An option that two forms of a section have. */
function merged(before: Schema | undefined, schema: Schema): Schema {
  if (before?.const === undefined || schema.const === undefined) return before ?? schema;
  return { ...before, const: undefined, enum: [before.const, schema.const] };
}

function tableOf(options: readonly Option[]): string {
  const rows = options.map(({ path, name, schema }) =>
    row(
      `\`${name}\``,
      typeOf(schema),
      schema.default === undefined || isSection(schema) ? "" : code(schema.default),
      isSection(schema) ? "" : reloadOf(path),
      schema.description ?? "",
    )
  );
  const head = [row("option", "value", "default", "reload", ""), row("-", "-", "-", "-", "-")];
  return `${[...head, ...rows].join("\n")}\n`;
}

function isSection({ type }: Schema): boolean {
  return type === "section" || type === "list";
}

/** In what is checked a duration has its unit in the name. */
function reloadOf(path: readonly string[]): string {
  const withUnit = [...path.slice(0, -1), `${path.at(-1)}Ms`];
  return takesEffect(withUnit.join(".") in TAKES_EFFECT ? withUnit : path);
}

function typeOf(schema: Schema): string {
  if (isSection(schema)) return schema.type!;
  const forms = [...schema.anyOf ?? [], ...schema.oneOf ?? []];
  if (forms.length > 0) return [...new Set(forms.map(typeOf))].join(" or ");
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.pattern?.includes("(ms|s|min")) return "duration";
  if (schema.pattern?.includes("KiB")) return "size";
  switch (schema.type) {
    case "array":
      return `list of ${typeOf(schema.items ?? {})}`;
    case "integer":
    case "number":
      return rangeOf(schema);
    case "object":
      return Object.keys(schema.properties ?? {}).map((key) => `\`${key}: …\``).join(", ");
    case "null":
      return "`null`";
    case "string":
      return "text";
    default:
      return schema.type ?? "any";
  }
}

function rangeOf({ minimum, maximum }: Schema): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum === undefined) return isBounded ? `number up to ${maximum}` : "number";
  return isBounded ? `${minimum} to ${maximum}` : `number from ${minimum}`;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

const SCOPES: readonly { readonly scopes: readonly Scope[]; readonly title: string }[] = [
  { scopes: ["global"], title: "The whole broker" },
  {
    scopes: ["security"],
    title: "Access: the whole broker, or a listener with per_listener_settings",
  },
  { scopes: ["listener", "any-listener", "named-listener"], title: "A listener" },
  { scopes: ["plugin"], title: "A plugin" },
  { scopes: ["bridge"], title: "A bridge" },
];

/** The tables of docs/coming-from-mosquitto.md. */
export function mosquittoTables(): string {
  const rows = Object.entries(MOSQUITTO_OPTIONS);
  const tables = SCOPES.map(({ scopes, title }) => {
    const own = rows.filter(([, { scope }]) => scopes.includes(scope))
      .toSorted(([a], [b]) => a < b ? -1 : 1);
    const head = [row("option", "with midge", ""), row("-", "-", "-")];
    return [
      `### ${title}`,
      "",
      ...head,
      ...own.map(([name, option]) => optionRow(name, option)),
      "",
    ]
      .join("\n");
  });
  const others = OTHER_OPTION_NAMES.map((name) => `\`${name}\``).join(", ");
  return `${tables.join("\n")}\nBesides: ${others}, as there.\n`;
}

const WORDS: Readonly<Record<Exclude<Does, number>, string>> = {
  offered: "as there",
  taken: "taken, and without meaning here",
  refused: "refused",
};

/** Where the key of an option is at home. */
const HOMES: Readonly<Record<Scope, string>> = {
  "global": "",
  "security": "access.",
  "listener": "listeners[].",
  "any-listener": "listeners[].",
  "named-listener": "listeners[].",
  "bridge": "bridges[].",
  "plugin": "",
};

function optionRow(name: string, { does, scope, key, says }: MosquittoOption): string {
  const what = typeof does === "number" ? "refused, not there yet" : WORDS[does];
  const inYaml = key === undefined ? "" : `\`${HOMES[scope]}${key}\` in YAML`;
  return row(`\`${name}\``, what, says ?? inYaml);
}

const BEGIN = "<!-- begin: made by deno task docs -->";
const END = "<!-- end -->";

/** `page` with the tables between its marks. @throws {Error} if it has no such marks. */
export function withMosquittoTables(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${BEGIN} … ${END} is missing`);
  return `${before}${BEGIN}\n\n${mosquittoTables()}\n${END}${after}`;
}
