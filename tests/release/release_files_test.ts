// What a release is made of: the list of what is inside, the workflows, and the files of the container.

import assert from "node:assert/strict";
import { parse } from "yaml";
import { findComponents, importedNames, makeSbom, textsIn } from "../../config/release/sbom.ts";
import config from "../../deno.json" with { type: "json" };

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, root));
const UUID = "3e671687-395b-41f5-a30f-a58921a69b79";
const locked = Object.keys(JSON.parse(read("deno.lock")).npm);

Deno.test("importedNames() finds what is imported at the start, or when it is needed", () => {
  const texts = [
    'import { z } from "zod";\nimport {\n  a,\n} from "yaml";\nimport x from "node:fs";',
    'const { default: send } = await import("send"); // from "aedes" it is not: "commander"',
  ];
  assert.deepEqual(importedNames(texts), ["aedes", "send", "yaml", "zod"]);
});

Deno.test("the SBOM has what src needs, whatever that needs, and nothing of the tests", () => {
  const names = findComponents(["send", "commander"]).map(({ name }) => name);
  assert.ok(names.includes("send") && names.includes("commander") && names.includes("etag"));
  assert.ok(!names.includes("aedes"));
  const components = findComponents(importedNames(textsIn(new URL("src/", root))));
  assert.ok(!components.some(({ name }) => name === "aedes" || name === "fast-check"));
  for (const { name, version, hashes } of components) {
    assert.match(version, /^\d+\.\d+\.\d+/);
    assert.match(hashes?.[0]?.content ?? name, /^[0-9a-f]{128}$/);
    assert.ok(locked.some((key) => key.startsWith(`${name}@${version}`)));
  }
});

Deno.test("the SBOM is of this version", () => {
  const { metadata, serialNumber } = makeSbom([], new Date(0), UUID) as {
    metadata: { component: Record<string, unknown>; timestamp: string };
    serialNumber: string;
  };
  assert.equal(metadata.component.version, config.version);
  assert.equal(metadata.timestamp, "1970-01-01T00:00:00.000Z");
  assert.equal(serialNumber, `urn:uuid:${UUID}`);
});

Deno.test("the SBOM says what needs what, by names that each are one component's", () => {
  const texts = textsIn(new URL("src/", root));
  const { components, dependencies, metadata } = makeSbom(texts, new Date(0), UUID) as {
    components: { "bom-ref": string }[];
    dependencies: { ref: string; dependsOn?: string[] }[];
    metadata: { component: { "bom-ref": string } };
  };
  const refs = [metadata.component, ...components].map((each) => each["bom-ref"]);
  assert.equal(new Set(refs).size, refs.length);
  assert.deepEqual(dependencies.map(({ ref }) => ref), refs);
  const needed = new Set(dependencies.flatMap(({ dependsOn = [] }) => dependsOn));
  assert.deepEqual([...needed].toSorted(), refs.slice(1).toSorted());
});

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Record<string, unknown>[] }>>;
}

for (const path of [".github/workflows/ci.yaml", ".github/workflows/release.yaml"]) {
  Deno.test(`${path} pins its actions, and may write nothing unless a job says so`, () => {
    const workflow = parse(read(path)) as Workflow;
    assert.deepEqual(workflow.permissions, { contents: "read" });
    const steps = Object.values(workflow.jobs).flatMap(({ steps }) => steps);
    for (const { uses } of steps) {
      if (uses !== undefined) assert.match(String(uses), /^[\w/-]+@[0-9a-f]{40}$/);
    }
    assert.ok(steps.some(({ run }) => String(run).includes("bash .ci/run")));
    for (const { run } of steps) {
      assert.doesNotMatch(
        String(run),
        /\$\{\{/,
        "a value that is pasted into a script runs as one",
      );
    }
  });
}

Deno.test("a release is made with the Deno that the gate uses", () => {
  const named = new Set(read(".github/workflows/release.yaml").match(/deno@[\d.]+/g));
  assert.deepEqual([...named], ["deno@2.9.6"]);
});

Deno.test("the container's image keeps to the user, the folders and the command of eclipse-mosquitto", () => {
  const dockerfile = read("config/docker/Dockerfile");
  for (
    const line of [
      /--gid 1883 mosquitto/,
      /--uid 1883 --gid mosquitto/,
      /^VOLUME \["\/mosquitto\/data", "\/mosquitto\/log"\]$/m,
      /^EXPOSE 1883$/m,
      /^ENTRYPOINT \["\/docker-entrypoint.sh"\]$/m,
      /^CMD \["\/usr\/sbin\/mosquitto", "-c", "\/mosquitto\/config\/mosquitto.conf"\]$/m,
    ]
  ) assert.match(dockerfile, line);
  for (const [, path] of dockerfile.matchAll(/^COPY (?:--\S+ )*(config\/\S+|LICENSE) /gm)) {
    assert.ok(Deno.statSync(new URL(path!, root)).isFile, path!);
  }
});

Deno.test("the compose example is YAML, and mounts what the image has", () => {
  const { services } = parse(read("config/docker/compose.yaml")) as {
    services: { broker: { volumes: string[]; ports: string[] } };
  };
  assert.deepEqual(services.broker.ports, ["1883:1883"]);
  assert.deepEqual(services.broker.volumes.map((each) => each.split(":")[1]), [
    "/mosquitto/config",
    "/mosquitto/data",
    "/mosquitto/log",
  ]);
});
