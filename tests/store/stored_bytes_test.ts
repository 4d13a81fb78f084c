// What was stored is taken up again above maximumStoredBytes, and counted as it was before.

import assert from "node:assert/strict";
import { awaySubscriber, send, subscribe, take } from "./stage.ts";

const KIB = "x".repeat(1_024);
const SIZE = 1_024 + "a/b".length + 200;

Deno.test("a broker that starts again counts what waits, is retained and is held, whatever its limit", () => {
  const limits = { maximumStoredBytes: 1_000_000 };
  const { stage, publisher } = awaySubscriber({ limits });
  const holder = stage.client("holder");
  send(publisher, "a/b", KIB, 1);
  send(publisher, "r/1", KIB, 1, 2, { retain: true });
  send(publisher, "a/r", KIB, 1, 3, { retain: true }); // in two places
  send(holder, "q/2", KIB, 2);
  stage.commitAll();
  const bytes = 4 * SIZE + 200;
  assert.equal(stage.broker.broker.messageBytes.stored, bytes);
  limits.maximumStoredBytes = 10;
  stage.kill();
  assert.equal(stage.broker.broker.messageBytes.stored, bytes);
  const [again, other] = [stage.client("s"), stage.client("p", { cleanStart: true })];
  take(other);
  subscribe(other, "#");
  send(other, "x/y", KIB, 1, 7, { retain: true });
  stage.commitAll();
  assert.equal(take(other).at(-1), "PUBACK 7 151");
  assert.equal(take(again).length, 3);
  stage.client("holder", { cleanStart: true });
  for (const topic of ["r/1", "a/r"]) send(other, topic, "", 1, 8, { retain: true });
  assert.equal(stage.broker.broker.messageBytes.stored, 0);
});
