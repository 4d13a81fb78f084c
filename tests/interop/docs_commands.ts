// Runs what docs/tls.md shows, as a reader would: the commands in a folder of their own, in order, with the files
// that the page shows, against a broker that its configuration starts. Needs openssl and mosquitto_pub.

import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = Deno.readTextFileSync(`${root}docs/tls.md`);
const blocks = [...page.matchAll(/^ *```(sh|text)\n([^]*?)^ *```$/gm)]
  .map(([, kind, text]) => ({ kind: kind!, text: text!.replaceAll(/^ {3}/gm, "") }));
const commands = blocks.filter(({ kind }) => kind === "sh").map(({ text }) => text);
const texts = blocks.filter(({ kind }) => kind === "text").map(({ text }) => text);
if (commands.length !== 5 || texts.length !== 2) throw new Error("docs/tls.md has other blocks");
const [makeServer, check, tryIt, makeClient, tryClient] = commands as [
  string,
  string,
  string,
  string,
  string,
];
const [configuration, forClients] = texts as [string, string];

const folder = await Deno.makeTempDir({ prefix: "midge-docs-" });
const port = freePort();
/** The page says 8883; a test takes what is free. */
const here = (text: string) => text.replaceAll("8883", `${port}`);
const environment = { PATH: `${folder}/bin:${Deno.env.get("PATH")}` };

Deno.mkdirSync(`${folder}/bin`);
Deno.writeTextFileSync(
  `${folder}/bin/midge`,
  `#!/bin/sh\nexec "${Deno.execPath()}" run --quiet --allow-all "${root}main.ts" "$@"\n`,
);
Deno.chmodSync(`${folder}/bin/midge`, 0o755);
try {
  await run(makeServer);
  // `user root`: in a folder that only this user may read nobody else could serve.
  Deno.writeTextFileSync(`${folder}/mosquitto.conf`, here(`user root\n${configuration}`));
  await run(check);
  await whileServing(() => run(tryIt));
  await run(makeClient);
  Deno.writeTextFileSync(
    `${folder}/mosquitto.conf`,
    here(`user root\n${configuration}${forClients}`),
  );
  await whileServing(async () => {
    await run(tryClient);
    await run("! mosquitto_pub -h localhost -p 8883 --cafile ca.crt -t demo/hello -m world -q 1");
  });
  await Deno.stdout.write(
    new TextEncoder().encode("docs/tls.md: every command does what it says\n"),
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function run(script: string): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command("timeout", {
    args: ["60", "bash", "-euc", here(script)],
    cwd: folder,
    env: environment,
    stdin: "null",
  }).output();
  if (success) return;
  const decoder = new TextDecoder();
  throw new Error(`docs/tls.md: ${script}\n${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

async function whileServing(work: () => Promise<void>): Promise<void> {
  const broker = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${root}main.ts`, "-c", "mosquitto.conf", "-q"],
    cwd: folder,
    stdin: "null",
    stdout: "null",
  }).spawn();
  try {
    for (let tries = 0; tries < 100 && !isOpen(); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await work();
  } finally {
    broker.kill("SIGTERM");
    await broker.status;
  }
}

/** Whether the port can no longer be had. */
function isOpen(): boolean {
  try {
    Deno.listen({ port }).close();
    return false;
  } catch {
    return true;
  }
}

function freePort(): number {
  using listener = Deno.listen({ port: 0 });
  return listener.addr.port;
}
