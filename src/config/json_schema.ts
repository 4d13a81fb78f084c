// The schema as JSON Schema: for editors (config/midge.schema.json), and for us to know which keys there
// are where.

import { z } from "zod";
import { ConfigSchema } from "./schema.ts";

/** The part of JSON Schema that zod writes and we read. */
interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
}

/** JSON Schema of what may be written in YAML. */
export function configJsonSchema(): Record<string, unknown> {
  return {
    title: "Configuration of midge, an MQTT broker",
    ...z.toJSONSchema(ConfigSchema, { io: "input" }),
  };
}

/** The text of config/midge.schema.json. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}

/** Made once, by the first unknown key: it takes milliseconds, and a file may have thousands of them. */
let whole: JsonSchema | undefined;

/** The keys that an object at this path may have. */
export function keysAt(path: readonly PropertyKey[]): string[] {
  whole ??= configJsonSchema();
  let schemas = alternatives(whole);
  for (const key of path) {
    schemas = schemas.flatMap((schema) => {
      const inner = typeof key === "number" ? schema.items : schema.properties?.[String(key)];
      return inner === undefined ? [] : alternatives(inner);
    });
  }
  return [...new Set(schemas.flatMap(({ properties = {} }) => Object.keys(properties)))];
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const inner = [...schema.anyOf ?? [], ...schema.oneOf ?? []];
  return inner.length === 0 ? [schema] : inner.flatMap(alternatives);
}
