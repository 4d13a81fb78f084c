// deno task docs: writes the reference pages of docs.

import { configurationPage, withMosquittoTables } from "./reference.ts";

const docs = new URL("../../docs/", import.meta.url);
const coming = new URL("coming-from-mosquitto.md", docs);
Deno.writeTextFileSync(new URL("configuration.md", docs), configurationPage());
Deno.writeTextFileSync(coming, withMosquittoTables(Deno.readTextFileSync(coming)));
