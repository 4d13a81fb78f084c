// What `midge check` tries beyond reading: files that a start would write, addresses that it would listen on.

import assert from "node:assert/strict";
import { findUnusablePlaces } from "../../src/cli/check_places.ts";
import { readConfig } from "../../src/config/read_config.ts";
import { memoryIO } from "../config/memory_io.ts";

const CASES: readonly { name: string; conf: string; says: readonly RegExp[] }[] = [
  {
    name: "what can be used",
    conf: "listener 1\nlog_dest file DIR/log\npid_file DIR/pid",
    says: [],
  },
  { name: "files that are there", conf: "listener 1\nlog_dest file DIR/old", says: [] },
  {
    name: "a log file in no folder",
    conf: "log_dest file DIR/no/log",
    says: [/^Unable to open log file .*no\/log/],
  },
  {
    name: "a pid_file that is a folder",
    conf: "pid_file DIR",
    says: [/^Unable to open pid_file .*: it is a folder\.$/],
  },
  {
    name: "a store that is to be made, folder and all",
    conf: "listener 1\npersistence true\npersistence_location DIR/a/b/",
    says: [],
  },
  {
    name: "a store below a file",
    conf: "persistence true\npersistence_location DIR/old/",
    says: [/^Unable to use \S+ as the store: /],
  },
  {
    name: "an address of another machine",
    conf: "listener 1883 192.0.2.1\nlistener 1884 127.0.0.1",
    says: [/^Unable to listen on 192\.0\.2\.1 \(listener 1883\): /],
  },
];
for (const { name, conf, says } of CASES) {
  Deno.test(`midge check finds ${says.length === 0 ? "nothing wrong with" : ""} ${name}`, async () => {
    const folder = Deno.makeTempDirSync({ prefix: "midge-" });
    try {
      Deno.writeTextFileSync(`${folder}/old`, "kept\n");
      const io = memoryIO({ "/c": `${conf.replaceAll("DIR", folder)}\n` });
      const { config } = await readConfig("/c", io);
      const problems = findUnusablePlaces(config);
      assert.equal(problems.length, says.length, problems.join("\n"));
      for (const [i, pattern] of says.entries()) assert.match(problems[i]!, pattern);
      assert.deepEqual([...Deno.readDirSync(folder)].map((each) => each.name), ["old"]);
      assert.equal(Deno.readTextFileSync(`${folder}/old`), "kept\n");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  });
}
