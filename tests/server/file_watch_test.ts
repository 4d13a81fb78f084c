// FileWatch: which changes of files it takes for changes of the configuration. Real files, real events.

import assert from "node:assert/strict";
import { DENO_IO } from "../../src/config/config_io.ts";
import { FileWatch } from "../../src/server/file_watch.ts";
import { RecordingIO } from "../../src/server/recording_io.ts";

const SETTLE_MS = 40;

interface Place {
  path(name: string): string;
  write(name: string, text: string): void;
}

const write = (text: string) => ({ path }: Place) => Deno.writeTextFileSync(path("m.yaml"), text);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const CASES: readonly {
  readonly name: string;
  /** What is done between two looks. */
  change(place: Place): void | Promise<void>;
  readonly isTold: boolean;
}[] = [
  { name: "a file that is written", change: write("b"), isTold: true },
  {
    name: "a file that another one takes the place of",
    change({ path, write }) {
      write("new", "b");
      Deno.renameSync(path("new"), path("m.yaml"));
    },
    isTold: true,
  },
  {
    name: "a file that vim writes, with its backup",
    change({ path, write }) {
      write("4913", "");
      Deno.removeSync(path("4913"));
      Deno.renameSync(path("m.yaml"), path("m.yaml~"));
      write("m.yaml", "b");
      Deno.removeSync(path("m.yaml~"));
    },
    isTold: true,
  },
  {
    name: "a file that is away for a moment",
    async change({ path, write }) {
      Deno.removeSync(path("m.yaml"));
      await pause(4 * SETTLE_MS);
      write("m.yaml", "b");
    },
    isTold: true,
  },
  {
    name: "links that lead elsewhere, as Kubernetes swaps them",
    change({ path, write }) {
      Deno.mkdirSync(path("v2"));
      write("v2/secret", "b");
      Deno.symlinkSync("v2", path("..data.new"));
      Deno.renameSync(path("..data.new"), path("..data"));
    },
    isTold: true,
  },
  {
    name: "a file that a link leads to, in another folder",
    change: ({ write }) => write("v1/secret", "bb"),
    isTold: true,
  },
  {
    name: "a new file in a folder of included ones",
    change: ({ write }) => write("conf.d/new.conf", ""),
    isTold: true,
  },
  {
    name: "what an editor leaves in a folder of included ones",
    change({ write }) {
      write("conf.d/.a.conf.swp", "");
      write("conf.d/a.conf~", "");
      write("conf.d/4913", "");
    },
    isTold: false,
  },
  {
    name: "thousands of other files in the same folder",
    change({ path, write }) {
      for (let i = 0; i < 3_000; i++) {
        write("other", `${i}`);
        if (i % 3 === 0) Deno.removeSync(path("other"));
      }
    },
    isTold: false,
  },
];
for (const { name, change, isTold } of CASES) {
  Deno.test(`FileWatch ${isTold ? "tells once of" : "passes over"} ${name}`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "midge-" });
    const path = (name: string) => `${folder}/${name}`;
    const place: Place = { path, write: (name, text) => Deno.writeTextFileSync(path(name), text) };
    for (const name of ["conf.d", "v1"]) Deno.mkdirSync(path(name));
    place.write("m.yaml", "a");
    place.write("v1/secret", "a");
    place.write("conf.d/a.conf", "a");
    Deno.symlinkSync("v1", path("..data"));
    Deno.symlinkSync("..data/secret", path("secret"));
    const io = new RecordingIO(DENO_IO);
    await io.readTextFile(path("m.yaml"));
    await io.readTextFile(path("secret"));
    await io.readDirectory(path("conf.d"));
    await io.readTextFile(path("conf.d/a.conf"));
    io.end(true);
    let told = 0;
    {
      const log = { isDebugEnabled: false, write: () => {} };
      using watch = new FileWatch(io, log, () => told++, SETTLE_MS);
      watch.update(true);
      await pause(2 * SETTLE_MS);
      await change(place);
      for (let i = 0; isTold && told === 0 && i < 250; i++) await pause(20);
      await pause(4 * SETTLE_MS);
    }
    assert.equal(told, isTold ? 1 : 0);
    await pause(2 * SETTLE_MS);
    Deno.removeSync(folder, { recursive: true });
  });
}

Deno.test("FileWatch sees a change that came while the files were being read", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "midge-" });
  const path = `${folder}/m.yaml`;
  Deno.writeTextFileSync(path, "a");
  const io = new RecordingIO({
    ...DENO_IO,
    async readTextFile(path) {
      const text = await Deno.readTextFile(path);
      Deno.writeTextFileSync(path, "changed");
      return text;
    },
  });
  await io.readTextFile(path);
  io.end(true);
  let told = 0;
  {
    const log = { isDebugEnabled: false, write: () => {} };
    using watch = new FileWatch(io, log, () => told++, SETTLE_MS);
    watch.update(true);
    for (let i = 0; told === 0 && i < 250; i++) await pause(20);
  }
  assert.equal(told, 1);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("FileWatch says so if it can't watch, and looks by itself", async () => {
  const io = new RecordingIO(DENO_IO);
  await assert.rejects(io.readTextFile("/nowhere/at/all"));
  io.end(true);
  const said: string[] = [];
  const log = { isDebugEnabled: false, write: (_: string, text: string) => void said.push(text) };
  using watch = new FileWatch(io, log, () => {}, SETTLE_MS);
  watch.update(true);
  watch.update(true);
  assert.equal(said.length, 1);
  assert.match(said[0]!, /can't be watched \(.*\): they are looked at every 5 s/);
});
