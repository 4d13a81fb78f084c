// The executable. In a Worker `import.meta.main` is true as well, so it is asked where it runs.

import { findDefaultConfig } from "./src/cli/default_config.ts";
import { main } from "./src/cli/main.ts";

if (import.meta.main && !("WorkerGlobalScope" in globalThis)) {
  Deno.exit(await main(Deno.args, findDefaultConfig(import.meta.url)));
}
