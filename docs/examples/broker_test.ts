// A broker of its own for a test, whatever language it tests: midge start --ephemeral. Run it with
// `deno test --allow-run --allow-env --allow-net broker_test.ts`; MIDGE names the command where it is not midge.

import { connectAsync } from "npm:mqtt@5.16.0";

/** A broker that ends with the test, and with the test's process, however that ends. */
class TestBroker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly port: number;

  private constructor(child: Deno.ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<TestBroker> {
    const [command, ...args] = (Deno.env.get("MIDGE") ?? "midge").split(" ");
    const child = new Deno.Command(command!, {
      args: [...args, "start", "--ephemeral", "-q"],
      stdin: "piped", // the broker ends when this is closed
      stdout: "piped",
    }).spawn();
    for await (const line of child.stdout.pipeThrough(new TextDecoderStream())) {
      return new TestBroker(child, JSON.parse(line).port);
    }
    throw new Error("the broker has not started");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child.stdin.close();
    await this.#child.status;
  }
}

Deno.test("a message comes back", async () => {
  await using broker = await TestBroker.start();
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`);
  const message = new Promise((resolve) =>
    client.once("message", (_, payload) => resolve(payload))
  );
  await client.subscribeAsync("home/#");
  await client.publishAsync("home/kitchen", "21.5");
  if (String(await message) !== "21.5") throw new Error("another message came back");
  await client.endAsync();
});
