import config from "../../deno.json" with { type: "json" };

/** midge's version, from deno.json. */
export const VERSION: string = config.version;
