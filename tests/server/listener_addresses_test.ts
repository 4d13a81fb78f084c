// Where a configured listener listens, for what machines have and configurations say.

import assert from "node:assert/strict";
import { ConfigSchema } from "../../src/config/schema.ts";
import { findAddresses, type Machine } from "../../src/server/listener_addresses.ts";
import { showListenAddress } from "../../src/transport/address.ts";

const GATEWAY: Machine = {
  hasIPv6: () => true,
  networkInterfaces: () => [
    { name: "lo", family: "IPv4", address: "127.0.0.1" },
    { name: "lo", family: "IPv6", address: "::1" },
    { name: "eth0", family: "IPv4", address: "192.0.2.2" },
    { name: "eth0", family: "IPv4", address: "192.0.2.3" },
    { name: "eth0", family: "IPv6", address: "2001:db8::2" },
    { name: "eth0", family: "IPv6", address: "fe80::1" },
    { name: "wg0", family: "IPv4", address: "10.0.0.1" },
  ],
  lookUp: (hostname) =>
    hostname === "gateway"
      ? Promise.resolve(["192.0.2.2", "2001:db8::2", "192.0.2.2"])
      : Promise.reject(new Error("ENOTFOUND")),
};
const WITHOUT_IPV6: Machine = { ...GATEWAY, hasIPv6: () => false };

/** A `listener` and what it becomes; `::` alone takes IPv4 too, `:: only` does not. */
const ROWS: readonly { listener: object; machine?: Machine; on: string[] }[] = [
  { listener: {}, on: ["[::]:1883"] },
  { listener: {}, machine: WITHOUT_IPV6, on: ["0.0.0.0:1883"] },
  { listener: { socketDomain: "ipv4" }, on: ["0.0.0.0:1883"] },
  { listener: { socketDomain: "ipv6" }, on: ["[::]:1883 only"] },
  { listener: { hostnames: ["::"] }, on: ["[::]:1883 only"] },
  { listener: { hostnames: ["0.0.0.0"] }, on: ["0.0.0.0:1883"] },
  { listener: { hostnames: ["gateway"] }, on: ["192.0.2.2:1883", "[2001:db8::2]:1883"] },
  { listener: { hostnames: ["gateway"], socketDomain: "ipv6" }, on: ["[2001:db8::2]:1883"] },
  {
    listener: { bindInterface: "eth0" },
    on: ["192.0.2.2:1883", "192.0.2.3:1883", "[2001:db8::2]:1883", "[fe80::1%eth0]:1883"],
  },
  {
    listener: { bindInterface: "ETH0", socketDomain: "ipv4" },
    on: ["192.0.2.2:1883", "192.0.2.3:1883"],
  },
  { listener: { bindInterface: "eth0", hostnames: ["192.0.2.3"] }, on: ["192.0.2.3:1883"] },
  { listener: { port: 7, hostnames: ["127.0.0.1"] }, on: ["127.0.0.1:7"] },
];
for (const { listener, machine = GATEWAY, on } of ROWS) {
  const where = machine === GATEWAY ? "" : " on a machine without IPv6";
  Deno.test(`a listener of ${JSON.stringify(listener)}${where} listens on ${on}`, async () => {
    const config = ConfigSchema.parse({ listeners: [listener] });
    const [addresses] = await findAddresses(config, [], machine);
    const shown = addresses!.map((address) =>
      showListenAddress(address) + ("port" in address && address.isIPv6Only ? " only" : "")
    );
    assert.deepEqual(shown, on);
  });
}

const LOCAL = ConfigSchema.parse({ localOnly: true });

Deno.test("this machine only: both loopback addresses, or the one that there is", async () => {
  const shown = async (machine: Machine) =>
    (await findAddresses(LOCAL, [], machine)).flat().map(showListenAddress);
  assert.deepEqual(await shown(GATEWAY), ["127.0.0.1:1883", "[::1]:1883"]);
  assert.deepEqual(await shown(WITHOUT_IPV6), ["127.0.0.1:1883"]);
});

Deno.test("everything that can't be had is told at once", async () => {
  const config = ConfigSchema.parse({
    listeners: [
      { hostnames: ["nowhere"] },
      { hostnames: ["192.0.2.2"], socketDomain: "ipv6" },
      { bindInterface: "eth1" },
      { bindInterface: "wg0", socketDomain: "ipv6" },
      { bindInterface: "wg0", hostnames: ["192.0.2.2"] },
    ],
  });
  const error = await findAddresses(config, [], GATEWAY).then(() => undefined, (error) => error);
  assert.ok(error instanceof AggregateError);
  assert.deepEqual(error.errors.map(({ message }) => message), [
    "Unable to listen on port 1883 of nowhere: no such host is known",
    "Unable to listen on port 1883 of 192.0.2.2: it has no IPv6 address, and socket_domain asks for one",
    "Unable to listen on port 1883 of the interface eth1: there is none, or it has no address. " +
    "Those with one: lo, eth0, wg0",
    "Unable to listen on port 1883 of the interface wg0: it has no IPv6 address, and socket_domain " +
    "asks for one",
    "Unable to listen on port 1883 of 192.0.2.2: the interface wg0 has not this address, but 10.0.0.1",
  ]);
});

Deno.test("a reload does not knock at the Unix sockets that are ours", async () => {
  const path = `${Deno.makeTempDirSync({ prefix: "midge-" })}/midge.sock`;
  const config = ConfigSchema.parse({ listeners: [{ kind: "unix", path }] });
  using socket = Deno.listen({ transport: "unix", path });
  const knocked = socket.accept().then((peer) => peer.close());
  assert.deepEqual(await findAddresses(config, [{ path }]), [[{ path }]]);
  assert.equal(await Promise.race([knocked.then(() => "knocked"), soon()]), "nothing");
  await findAddresses(config, []);
  await knocked;
});

function soon(): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve("nothing"), 30));
}
