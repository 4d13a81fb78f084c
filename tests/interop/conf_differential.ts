// mosquitto.conf, read by a live Mosquitto 2.0 and by midge: both accept a snippet, or both refuse it, at the same line
// and with the same words. What differs on purpose stands in conf_differences.ts, with the reason.

import { ConfigError } from "../../src/config/config_error.ts";
import { DENO_IO } from "../../src/config/config_io.ts";
import { readMosquittoConf } from "../../src/config/mosquitto_conf.ts";
import { writeText } from "../../src/observe/console.ts";
import { CASES, type ConfCase } from "./conf_cases.ts";
import { reasonFor } from "./conf_differences.ts";

/** `accepted`, or the words behind "Error: ". */
export interface Verdict {
  readonly refusal?: string;
  readonly line?: number;
}

const TIMEOUT_MS = 600;
const FIRST_PORT = Number(Deno.args[0] ?? 21_230);
const dir = Deno.makeTempDirSync({ prefix: "midge-conf-" });
Deno.chmodSync(dir, 0o777);
const version = /version (\S+)/.exec(
  new TextDecoder().decode((await new Deno.Command("mosquitto", { args: ["-h"] }).output()).stdout),
)?.[1] ?? "none";

if (!version.startsWith("2.0.")) {
  say(`mosquitto.conf: left out, the table is for Mosquitto 2.0, not ${version}`);
  Deno.exit(0);
}
let differ = 0;
let excused = 0;
try {
  for (const each of CASES) {
    const conf = fill(each.conf);
    writeFiles(each);
    const mosquitto = plain(await askMosquitto(conf));
    const midge = plain(await askMidge(conf));
    if (isSame(mosquitto, midge)) continue;
    const reason = reasonFor(each.conf, mosquitto, midge);
    if (reason !== undefined) {
      excused++;
      continue;
    }
    differ++;
    say(
      `${JSON.stringify(each)}\n  Mosquitto: ${show(mosquitto)}\n  midge:     ${show(midge)}`,
    );
  }
} finally {
  Deno.removeSync(dir, { recursive: true });
}
say(
  `mosquitto.conf: ${CASES.length} snippets beside Mosquitto ${version}: ` +
    `${
      CASES.length - differ - excused
    } the same, ${excused} different for a reason, ${differ} different`,
);
Deno.exit(differ === 0 ? 0 : 1);

function say(line: string): void {
  writeText("stdout", `${line}\n`);
}

function fill(text: string): string {
  return text.replaceAll("DIR", dir).replaceAll("PORT2", `${FIRST_PORT + 1}`)
    .replaceAll("PORT", `${FIRST_PORT}`);
}

function writeFiles({ files = {} }: ConfCase): void {
  for (const entry of Deno.readDirSync(dir)) {
    Deno.removeSync(`${dir}/${entry.name}`, { recursive: true });
  }
  Deno.writeTextFileSync(`${dir}/p`, "");
  for (const [name, text] of Object.entries(files)) {
    Deno.mkdirSync(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${dir}/${name}`, fill(text));
  }
}

/** It has accepted the file as soon as it says that it starts, or if it does not end. */
async function askMosquitto(conf: string): Promise<Verdict> {
  Deno.writeTextFileSync(`${dir}/mosquitto.conf`, conf);
  const child = new Deno.Command("mosquitto", {
    args: ["-c", `${dir}/mosquitto.conf`, "-p", `${FIRST_PORT + 2}`],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => kill(child), TIMEOUT_MS);
  let text = "";
  for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += piece;
    if (/ version \S+ starting/.test(text)) kill(child);
  }
  const { code } = await child.status;
  clearTimeout(timer);
  if (code !== 3 || / version \S+ starting/.test(text)) return {};
  const lines = text.split("\n").map((line) => line.replace(/^\d+: /, ""));
  const refusal = lines.find((line) => /^(Error|Warning): /.test(line))?.replace(/^\w+: /, "") ??
    text;
  const line = /^Error found at .*:(\d+)\./m.exec(lines.join("\n"))?.[1];
  return { refusal, ...line !== undefined && { line: Number(line) } };
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // it has ended by itself
  }
}

/** What midge will do later, or refuses by name, is read all the same. */
async function askMidge(conf: string): Promise<Verdict> {
  try {
    await readMosquittoConf(`${dir}/mosquitto.conf`, conf, DENO_IO);
    return {};
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const first = error.problems.find(({ category }) => category === "invalid");
    return first === undefined ? {} : { refusal: first.message, line: first.line };
  }
}

/** 2.0 writes names as they are or in double quotes, 2.1 in single ones. */
function plain({ refusal, ...rest }: Verdict): Verdict {
  return refusal === undefined ? rest : { ...rest, refusal: refusal.replace(/['"`]/g, "").trim() };
}

function isSame(mosquitto: Verdict, midge: Verdict): boolean {
  if (mosquitto.refusal !== midge.refusal) return false;
  return mosquitto.line === undefined || mosquitto.line === midge.line;
}

function show({ refusal, line }: Verdict): string {
  return refusal === undefined ? "accepted" : `${line ?? "-"}: ${refusal}`;
}
