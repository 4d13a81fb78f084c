// Writes config/midge.schema.json: deno run --allow-write=config tests/config/write_schema.ts

import { configJsonSchemaText } from "../../src/config/json_schema.ts";

Deno.writeTextFileSync(
  new URL("../../config/midge.schema.json", import.meta.url),
  configJsonSchemaText(),
);
