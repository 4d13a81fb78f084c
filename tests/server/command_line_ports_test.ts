// Mosquitto's -p beside a configuration: what is listened on then, and what is said.

import assert from "node:assert/strict";
import { withPorts } from "../../src/server/command_line_ports.ts";
import { readValid } from "../config/reading.ts";

interface Row {
  readonly conf: string;
  readonly ports: readonly number[];
  /** port, or address:port where not every address is listened on. */
  readonly listens: readonly string[];
  readonly unused?: readonly number[];
  readonly path?: string;
}

const LOCAL = (port: number) => `127.0.0.1,::1:${port}`;

const ROWS: readonly Row[] = [
  { conf: "", ports: [], listens: [LOCAL(1883)] },
  { conf: "", ports: [1884], listens: [LOCAL(1884)] },
  { conf: "", ports: [1884, 1885], listens: [LOCAL(1884), LOCAL(1885)] },
  { conf: "max_connections 5", ports: [1884], listens: [LOCAL(1884)] },
  { conf: "listener 1884", ports: [1884], listens: ["1884"] },
  { conf: "listener 8883", ports: [1884], listens: ["8883"], unused: [1884] },
  { conf: "listener 1 ::1", ports: [1, 2], listens: ["::1:1"], unused: [2] },
  { conf: "port 1885", ports: [1884], listens: ["1885"], unused: [1884] },
  { conf: "user: x", path: "m.yaml", ports: [1884], listens: [LOCAL(1884)] },
  {
    conf: "listeners: [{port: 1, hostnames: [127.0.0.1]}]\nlocalOnly: true",
    path: "m.yaml",
    ports: [1884],
    listens: ["127.0.0.1:1884"],
  },
  {
    conf: "listeners: [{port: 1}, {port: 2}]\nlocalOnly: true",
    path: "m.yaml",
    ports: [1884],
    listens: [LOCAL(1), LOCAL(2)],
    unused: [1884],
  },
  {
    conf: "listeners: [{port: 1}]",
    path: "m.yaml",
    ports: [1884],
    listens: ["1"],
    unused: [1884],
  },
];
for (const { conf, ports, listens, unused = [], path = "m.conf" } of ROWS) {
  const options = ports.map((port) => `-p ${port}`).join(" ");
  Deno.test(`${options} beside ${JSON.stringify(conf)} listens on ${listens}`, async () => {
    const { config, notes } = withPorts((await readValid(conf, { path })).config, ports, path);
    const where = config.listeners.map((each) =>
      each.kind === "tcp" ? [...each.hostnames, each.port].join(",").replace(/,(\d+)$/, ":$1") : ""
    );
    assert.deepEqual(where, listens);
    assert.deepEqual(
      notes.map(({ message }) => Number(/^-p (\d+) is not used/.exec(message)?.[1])),
      unused,
    );
  });
}

for (
  const { conf, path, ports, keeps } of [
    { conf: "user: x", path: "m.yaml", ports: [], keeps: "process midge.db" },
    { conf: "user: x", path: "m.yaml", ports: [1884], keeps: "process midge-1884.db" },
    { conf: "user: x", path: "m.yaml", ports: [0], keeps: "none midge.db" },
    { conf: "persistence: {file: a.db}", path: "m.yaml", ports: [1884], keeps: "process a.db" },
    { conf: "persistence: {file: a.db}", path: "m.yaml", ports: [0], keeps: "process a.db" },
    {
      conf: "persistence true",
      path: "m.conf",
      ports: [1884],
      keeps: "process mosquitto.midge.db",
    },
  ]
) {
  Deno.test(`-p ${ports} beside ${JSON.stringify(conf)} keeps its Sessions as ${keeps}`, async () => {
    const { config } = withPorts((await readValid(conf, { path })).config, ports, path);
    assert.equal(`${config.persistence.durability} ${config.persistence.file}`, keeps);
  });
}
