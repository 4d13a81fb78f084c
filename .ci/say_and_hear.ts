// Publishes a message with MQTT.js to the broker at the given URL, or port of 127.0.0.1, and waits until it comes
// back. Further arguments: user name and password. The environment's CAFILE: whom to trust.

import { connectAsync } from "mqtt";

const [where, username, password] = Deno.args;
const url = /^\d+$/.test(where!) ? `mqtt://127.0.0.1:${where}` : where!;
const authority = Deno.env.get("CAFILE");
const client = await connectAsync(url, {
  protocolVersion: 5,
  ...username !== undefined && { username },
  ...password !== undefined && { password },
  ...authority !== undefined && { ca: Deno.readTextFileSync(authority) },
});
const heard = new Promise<string>((resolve) => {
  client.on("message", (_topic, payload) => resolve(payload.toString()));
});
await client.subscribeAsync("demo/#", { qos: 1 });
await client.publishAsync("demo/hello", "world", { qos: 1 });
if (await heard !== "world") throw new Error(`heard ${await heard}`);
await client.endAsync();
