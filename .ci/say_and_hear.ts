// Publishes a message to the broker on the given port of 127.0.0.1 with MQTT.js and waits until it comes back.

import { connectAsync } from "mqtt";

const client = await connectAsync(`mqtt://127.0.0.1:${Deno.args[0]}`, { protocolVersion: 5 });
const heard = new Promise<string>((resolve) => {
  client.on("message", (_topic, payload) => resolve(payload.toString()));
});
await client.subscribeAsync("demo/#", { qos: 1 });
await client.publishAsync("demo/hello", "world", { qos: 1 });
if (await heard !== "world") throw new Error(`heard ${await heard}`);
await client.endAsync();
