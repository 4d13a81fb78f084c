// A dashboard as users write them: says that it is there, and answers what it is told. Version and Topic
// Names come with the page's address.

const parameters = new URLSearchParams(location.search);
const topic = parameters.get("topic");
const client = mqtt.connect(`ws://${location.host}/mqtt`, {
  protocolVersion: Number(parameters.get("version")),
  reconnectPeriod: 0,
});
client.on("connect", async () => {
  await client.subscribeAsync(`${topic}/to-page`, { qos: 1 });
  await client.publishAsync(`${topic}/from-page`, "ready", { qos: 1 });
});
client.on("message", (_topic, payload) => {
  client.publish(`${topic}/from-page`, `heard ${payload.length} bytes`, { qos: 2 });
});
