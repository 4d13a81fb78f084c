// A process that stores batch after batch, and says on standard output how many are stored, until it is killed.

import { StoreClient } from "../../src/store/store_client.ts";
import { StoreLock } from "../../src/store/store_lock.ts";
import { batchOf } from "./batches.ts";

const path = Deno.args[0]!;
let stored = Number(Deno.args[1]);
StoreLock.take(path);
const client = await StoreClient.open({ path, durability: "process" }, {
  committed: () => {
    stored++;
    Deno.stdout.writeSync(new TextEncoder().encode(`${stored}\n`));
    commitNext();
  },
  failing: (reason) => {
    throw new Error(reason);
  },
  recovered: () => {},
});
commitNext();

function commitNext(): void {
  client.commit(batchOf(stored));
}
