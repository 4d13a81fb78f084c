// A broker in a process of its own that says how much memory it has: its port on the first line, then
// its resident bytes, several times a second. The first argument is its limits as JSON.

import { Broker } from "../../src/mod.ts";

const SAMPLE_MS = 50;

if (import.meta.main) {
  const broker = Broker.start({ limits: JSON.parse(Deno.args[0] ?? "{}") });
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  say(`port ${broker.port}`);
  setInterval(() => say(`${Deno.memoryUsage().rss}`), SAMPLE_MS);
}
