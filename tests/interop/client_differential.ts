// midge pub and midge sub beside mosquitto_pub and mosquitto_sub: the same arguments against the same broker (a live
// Mosquitto 2.0, one for each side) print the same, complain in the same words, publish the same and end with
// the same exit code.
//
//   deno run -A tests/interop/client_differential.ts [WORD…]    rows that hold each WORD; WORD may be --verbose

import { freePort } from "../support/free_port.ts";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectAsync, type MqttClient } from "mqtt";
import { writeText } from "../../src/observe/console.ts";
import { issue } from "../support/certificates.ts";
import { CLIENT_CASES, type ClientCase, type Sent } from "./client_cases.ts";

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
  /** What reached others from it. */
  readonly published: readonly string[];
}

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const PATIENCE_MS = 20_000;
const words = Deno.args.filter((each) => each !== "--verbose");
const isVerbose = Deno.args.includes("--verbose");
const dir = Deno.makeTempDirSync({ prefix: "midge-clients-" });
Deno.chmodSync(dir, 0o777);

function say(line: string): void {
  writeText("stdout", `${line}\n`);
}

/** A Mosquitto with all the listeners that the rows want, and an eye on what is published. */
class Side implements AsyncDisposable {
  readonly #name: "mosquitto" | "midge";
  readonly #ports: Record<string, number> = {};
  readonly #socket: string;
  readonly #brokers: Deno.ChildProcess[] = [];
  readonly #eyes: Record<string, MqttClient> = {};
  #log = "";
  #seen: string[] = [];

  constructor(name: "mosquitto" | "midge") {
    this.#name = name;
    this.#socket = join(dir, `${name}.sock`);
  }

  async start(): Promise<void> {
    const tls = `cafile ${dir}/ca.crt\ncertfile ${dir}/server.crt\nkeyfile ${dir}/server.key\n`;
    const observed = "listener EYE 127.0.0.1\nallow_anonymous true\n";
    const passwords =
      `${observed}listener PORT 127.0.0.1\nallow_anonymous false\npassword_file ${dir}/passwords\n`;
    await this.#startBroker(
      "open",
      `${observed}listener PORT\nallow_anonymous true\nlistener 0 ${this.#socket}\nallow_anonymous true\n`,
    );
    await this.#startBroker("closed", `per_listener_settings true\n${passwords}`);
    await this.#startBroker(
      "acl",
      `per_listener_settings true\n${observed}listener PORT 127.0.0.1\nallow_anonymous true\nacl_file ${dir}/acl\n`,
    );
    await this.#startBroker("tls", `${observed}listener PORT\nallow_anonymous true\n${tls}`);
    await this.#startBroker(
      "mtls",
      `${observed}listener PORT\nallow_anonymous true\n${tls}require_certificate true\n`,
    );
  }

  async #startBroker(kind: string, conf: string): Promise<void> {
    const [port, eye] = [freePort(), freePort()];
    const path = join(dir, `${this.#name}-${kind}.conf`);
    const text = `log_dest stderr\nlog_type all\n${conf}`;
    Deno.writeTextFileSync(
      path,
      text.replaceAll("PORT", String(port)).replaceAll("EYE", String(eye)),
    );
    const broker = new Deno.Command("mosquitto", {
      args: ["-c", path],
      stderr: "piped",
      stdout: "null",
    }).spawn();
    this.#brokers.push(broker);
    this.#ports[kind] = port;
    this.#log = "";
    void this.#read(broker.stderr);
    await this.#logged(/ running\n/);
    const client = await connectAsync({
      host: "127.0.0.1",
      port: eye,
      protocolVersion: 5,
      reconnectPeriod: 50,
    });
    client.on("message", (topic, payload, packet) => {
      const { userProperties, ...properties } = packet.properties ?? {};
      this.#seen.push(JSON.stringify([
        topic,
        Buffer.from(payload).toString("latin1"),
        packet.qos,
        packet.retain,
        properties,
        Object.entries(userProperties ?? {}),
      ]));
    });
    // deno-lint-ignore no-explicit-any -- MQTT.js's type lacks rap
    await client.subscribeAsync("#", { qos: 2, rap: true, rh: 2 } as any);
    this.#eyes[kind] = client;
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.#log += text;
  }

  async run(each: ClientCase): Promise<Outcome> {
    const kind = each.broker ?? "open";
    const eye = this.#eyes[kind]!;
    for (const message of each.kept ?? []) await send(eye, message);
    await eye.publishAsync("marker", "", { qos: 1 }); // what is kept is kept now
    await pause(30);
    this.#seen = [];
    this.#log = "";
    const child = this.#spawn(each, this.#ports[kind]!);
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    if (each.sent !== undefined) {
      await this.#logged(/Sending SUBACK/);
      await pause(50); // and UNSUBACK
      for (const message of each.sent) await send(eye, message);
    }
    const { code, stdout, stderr } = await child.output();
    clearTimeout(timer);
    await pause(50);
    const own = new Set([...each.kept ?? [], ...each.sent ?? []].map(key));
    const seen = this.#seen.filter((text) => {
      const [topic, payload] = JSON.parse(text);
      return topic !== "marker" &&
        !own.has(key({ topic, payload: Buffer.from(payload, "latin1") }));
    });
    const topics = [...each.kept ?? [], ...each.sent ?? []].map(({ topic }) => topic);
    for (const topic of new Set([...topics, ...seen.map((text) => JSON.parse(text)[0])])) {
      await eye.publishAsync(topic, "", { retain: true, qos: 1 });
    }
    const read = (bytes: Uint8Array) => plain(Buffer.from(bytes).toString("latin1"));
    return {
      stdout: read(stdout),
      stderr: errorLines(read(stderr)),
      code,
      published: seen,
    };
  }

  #spawn({ tool, args, stdin, saysWhere, optionsFile, broker }: ClientCase, port: number) {
    const host = broker === "tls" || broker === "mtls" ? "localhost" : "127.0.0.1";
    const where = saysWhere ? [] : ["-h", host, "-p", String(port)];
    const filled = [...where, ...args].map((arg) => this.#fill(arg, port));
    const config = join(dir, `${this.#name}-config`);
    Deno.mkdirSync(config, { recursive: true });
    Deno.writeTextFileSync(join(config, `mosquitto_${tool}`), optionsFile ?? "");
    const command = this.#name === "mosquitto"
      ? [`mosquitto_${tool}`]
      : [Deno.execPath(), "run", "--quiet", "--no-check", "-A", MAIN, tool];
    const child = new Deno.Command(command[0]!, {
      args: [...command.slice(1), ...filled],
      env: { XDG_CONFIG_HOME: config, TZ: "Europe/Vienna", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    void feed(child.stdin, stdin ?? "");
    return child;
  }

  #fill(arg: string, port: number): string {
    const places: Record<string, string> = {
      SOCKET: this.#socket,
      FILE: join(dir, "file"),
      CA: join(dir, "ca.crt"),
      CAPATH: join(dir, "authorities"),
      OTHERCA: join(dir, "other.crt"),
      CERT: join(dir, "client.crt"),
      KEY: join(dir, "client.key"),
    };
    return places[arg] ?? arg.replace("PORT", String(port));
  }

  async #logged(pattern: RegExp): Promise<void> {
    for (let i = 0; i < 500 && !pattern.test(this.#log); i++) await pause(10);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const eye of Object.values(this.#eyes)) eye.end(true);
    for (const broker of this.#brokers) {
      broker.kill("SIGTERM");
      await broker.status;
    }
  }
}

async function feed(stream: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  try {
    const writer = stream.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It has ended without reading.
  }
}

async function send(client: MqttClient, { topic, payload, ...options }: Sent): Promise<void> {
  await client.publishAsync(topic, Buffer.from(payload), { qos: 0, ...options });
}

function key({ topic, payload }: Sent): string {
  return `${topic} ${Buffer.from(payload).toString("hex")}`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Without the time, and without the identifiers that differ from run to run. */
function plain(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/g, "TIME")
    .replaceAll(/TIME\.\d{6}/g, "TIME.MICROS")
    .replaceAll(/\d{10}\.\d{9}/g, "SECONDS")
    .replaceAll(/auto-[\dA-F-]{36}/g, "ASSIGNED")
    .replaceAll(/"messageExpiryInterval":\d+/g, "EXPIRY")
    .replaceAll(/\b(89\d{3}|90000)\b/g, "EXPIRY")
    .replaceAll(/Publish \d+ failed/g, "Publish N failed")
    .replaceAll(/([Mm]id: ?|\(m|, m)\d+/g, "$1N");
}

/** The words: not where to find more of them, and not what is said in parentheses beside Mosquitto's. */
function errorLines(text: string): string {
  return text.split("\n").filter((line) => line !== "" && !/^Use '.*' to see usage\.$/.test(line))
    .map((line) => line.replace(/\. \(.*\)$/, ".").replaceAll("mosquitto_", "midge ")).join("\n");
}

async function makeFiles(): Promise<void> {
  const ca = await issue({ subject: { CN: "ca" }, isAuthority: true });
  const other = await issue({ subject: { CN: "other" }, isAuthority: true });
  const server = await issue({ subject: { CN: "localhost" }, issuer: ca, usage: "server" });
  const client = await issue({ subject: { CN: "client" }, issuer: ca, usage: "client" });
  Deno.mkdirSync(join(dir, "authorities"));
  const files: Record<string, string> = {
    "ca.crt": ca.pem,
    "authorities/ca.crt": ca.pem,
    "other.crt": other.pem,
    "server.crt": server.pem,
    "server.key": server.key,
    "client.crt": client.pem,
    "client.key": client.key,
    file: "from\na file\n",
    acl: "topic readwrite ok\n",
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(join(dir, name), text);
  const run = (command: string, ...args: string[]) => new Deno.Command(command, { args }).output();
  await run("openssl", "rehash", join(dir, "authorities"));
  await run("mosquitto_passwd", "-c", "-b", join(dir, "passwords"), "alice", "secret");
  for (const { name } of Deno.readDirSync(dir)) Deno.chmodSync(join(dir, name), 0o777);
}

async function main(): Promise<number> {
  const cases = CLIENT_CASES.filter((each) =>
    words.every((word) => JSON.stringify([each.tool, ...each.args, each.broker]).includes(word))
  );
  await makeFiles();
  await using mosquitto = new Side("mosquitto");
  await using midge = new Side("midge");
  await Promise.all([mosquitto.start(), midge.start()]);
  let differ = 0;
  let excused = 0;
  for (const each of cases) {
    const [theirs, ours] = await Promise.all([mosquitto.run(each), midge.run(each)]);
    const parts = (["stdout", "stderr", "code", "published"] as const).filter((part) =>
      JSON.stringify(theirs[part]) !== JSON.stringify(ours[part])
    );
    const left = parts.filter((part) =>
      !(each.differs?.in as string[] | undefined)?.includes(part)
    );
    if (parts.length > 0 && left.length === 0) excused++;
    const isStale = each.differs !== undefined && each.differs.sometimes === undefined &&
      parts.length === 0;
    if (left.length > 0 || isStale) {
      differ++;
      say(`${each.tool} ${each.args.map((arg) => JSON.stringify(arg)).join(" ")} (${each.broker})`);
      if (isStale) say(`  is the same, although: ${each.differs!.why}`);
    }
    for (const part of isVerbose ? Object.keys(ours) as (keyof Outcome)[] : left) {
      say(`  mosquitto ${part}: ${JSON.stringify(theirs[part])}`);
      say(`  midge     ${part}: ${JSON.stringify(ours[part])}`);
    }
  }
  say(
    `pub and sub: ${cases.length} rows beside Mosquitto's: ${
      cases.length - differ - excused
    } the same, ` +
      `${excused} different for a reason, ${differ} different`,
  );
  return differ === 0 ? 0 : 1;
}

let code = 1;
try {
  code = await main();
} finally {
  Deno.removeSync(dir, { recursive: true });
}
Deno.exit(code);
