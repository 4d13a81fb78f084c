// PasswordAuthenticator by itself, and behind the real broker with MQTT.js.

import assert from "node:assert/strict";
import type { AuthenticationOutcome } from "../../src/access/authenticator.ts";
import { parsePasswordFile, type PasswordEntry } from "../../src/access/password_file.ts";
import { PasswordAuthenticator } from "../../src/server/password_authenticator.ts";
import { PasswordGuessLimit } from "../../src/server/password_guess_limit.ts";
import { Server } from "../../src/server/server.ts";
import { hashPassword } from "../../src/cli/passwd_hash.ts";
import { TestClient } from "./mqtt_client.ts";

const encoder = new TextEncoder();

/** Two users with cheap hashes, one with Argon2id; all have the password "right". */
const ENTRIES = entries(
  `old:${await hashPassword("sha512", encoder.encode("right"))}`,
  `usual:${await hashPassword("sha512-pbkdf2", encoder.encode("right"), 101)}`,
  "modern:$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
);
const PASSWORDS: Readonly<Record<string, string>> = {
  old: "right",
  usual: "right",
  modern: "password",
};
/** So many iterations that there is time to do something meanwhile. */
const SLOW = entries(
  `slow:${await hashPassword("sha512-pbkdf2", encoder.encode("right"), 40_000)}`,
);

function entries(...lines: readonly string[]): readonly PasswordEntry[] {
  const file = parsePasswordFile(lines.join("\n"), "passwd");
  assert.deepEqual(file.problems, []);
  return file.entries;
}

function ask(
  authenticator: PasswordAuthenticator,
  userName: string | undefined,
  password: string | undefined,
  remoteAddress = "192.0.2.7:1",
): Promise<"accepted" | number> {
  return new Promise((resolve) =>
    authenticator.authenticate({
      clientId: "client",
      userName,
      password: password === undefined ? undefined : encoder.encode(password),
      remoteAddress,
    }, (outcome: AuthenticationOutcome) =>
      resolve(outcome.accepted ? "accepted" : outcome.reasonCode))
  );
}

for (const [userName, password] of Object.entries(PASSWORDS)) {
  Deno.test(`user "${userName}" gets in with the right password and with no other`, async () => {
    using authenticator = new PasswordAuthenticator({ entries: ENTRIES });
    assert.equal(await ask(authenticator, userName, password), "accepted");
    for (const wrong of ["wrong", "", `${password} `, password.toUpperCase(), undefined]) {
      assert.equal(await ask(authenticator, userName, wrong), 0x87, `${wrong}`);
    }
  });
}

const STRANGERS = ["nobody", "OLD", "old ", "__proto__"];
for (const userName of STRANGERS) {
  Deno.test(`user "${userName}", who is not in the file, does not get in`, async () => {
    using authenticator = new PasswordAuthenticator({ entries: ENTRIES, allowAnonymous: true });
    for (const password of ["right", "password", ""]) {
      assert.equal(await ask(authenticator, userName, password), 0x87);
    }
  });
}

Deno.test("an empty password opens no account, not even one whose hash is of it", async () => {
  const line = `open:${await hashPassword("sha512", new Uint8Array())}`;
  using authenticator = new PasswordAuthenticator({ entries: entries(line) });
  assert.equal(await ask(authenticator, "open", ""), 0x87);
});

Deno.test("nobody with a user name gets in by an empty file", async () => {
  using authenticator = new PasswordAuthenticator({ entries: [], allowAnonymous: true });
  assert.equal(await ask(authenticator, "old", "right"), 0x87);
});

for (const allowAnonymous of [true, false]) {
  Deno.test(`without a user name one ${allowAnonymous ? "gets" : "does not get"} in if anonymous clients are ${allowAnonymous ? "" : "not "}allowed`, async () => {
    using authenticator = new PasswordAuthenticator({ entries: ENTRIES, allowAnonymous });
    const expected = allowAnonymous ? "accepted" : 0x87;
    assert.equal(await ask(authenticator, undefined, undefined), expected);
    assert.equal(await ask(authenticator, undefined, "right"), expected);
    assert.equal(await ask(authenticator, "", "right"), expected, "an empty one is none");
  });
}

Deno.test("an unknown user takes as long as a known one", async () => {
  using authenticator = new PasswordAuthenticator({ entries: SLOW });
  const timeOf = async (userName: string) => {
    const times: number[] = [];
    for (let i = 0; i < 3; i++) {
      const startMs = performance.now();
      assert.equal(await ask(authenticator, userName, `wrong ${i}`), 0x87);
      times.push(performance.now() - startMs);
    }
    return Math.min(...times);
  };
  const known = await timeOf("slow");
  const unknown = await timeOf("nobody");
  assert.ok(unknown > known / 3 && unknown < known * 3, `${unknown} ms, ${known} ms`);
});

Deno.test("a password that was right is not hashed again until the next reload", async () => {
  using authenticator = new PasswordAuthenticator({ entries: ENTRIES });
  for (const _ of [1, 2, 3]) assert.equal(await ask(authenticator, "usual", "right"), "accepted");
  assert.equal(authenticator.counts.remembered, 2);
  assert.equal(await ask(authenticator, "usual", "wrong"), 0x87);
  authenticator.replace({ entries: ENTRIES });
  assert.equal(await ask(authenticator, "usual", "right"), "accepted");
  assert.deepEqual({ ...authenticator.counts }, {
    accepted: 4,
    refused: 1,
    busy: 0,
    remembered: 2,
  });
});

Deno.test("a password is hashed again after a while, and where nothing is remembered", async () => {
  for (const option of [{ rememberMs: 0 }, { maximumRemembered: 0 }]) {
    using authenticator = new PasswordAuthenticator({ entries: ENTRIES, ...option });
    for (const _ of [1, 2]) assert.equal(await ask(authenticator, "usual", "right"), "accepted");
    assert.equal(authenticator.counts.remembered, 0);
  }
});

Deno.test("clients that come with the same password at once are checked by one hash", async () => {
  using authenticator = new PasswordAuthenticator({
    entries: SLOW,
    maximumConcurrency: 1,
    maximumWaiting: 0,
  });
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, () => ask(authenticator, "slow", "right")),
  );
  assert.deepEqual(new Set(outcomes), new Set(["accepted"]));
});

Deno.test("who comes when the line is full is refused as busy, and the others are served", async () => {
  using authenticator = new PasswordAuthenticator({
    entries: SLOW,
    maximumConcurrency: 1,
    maximumWaiting: 2,
  });
  const outcomes = await Promise.all(
    ["a", "b", "right", "c", "d"].map((password) => ask(authenticator, "slow", password)),
  );
  assert.deepEqual(outcomes, [0x87, 0x87, "accepted", 0x89, 0x89]);
  assert.equal(authenticator.counts.busy, 2);
});

Deno.test("who has waited for too long is refused as busy without hashing", async () => {
  using authenticator = new PasswordAuthenticator({
    entries: SLOW,
    maximumConcurrency: 1,
    maximumWaitMs: 0,
  });
  const outcomes = await Promise.all(
    ["a", "b", "c"].map((each) => ask(authenticator, "slow", each)),
  );
  assert.deepEqual(outcomes, [0x87, 0x89, 0x89]);
});

Deno.test("a reload holds for those as well whose password is being hashed", async () => {
  using authenticator = new PasswordAuthenticator({ entries: SLOW });
  const outcome = ask(authenticator, "slow", "right");
  authenticator.replace({ entries: ENTRIES });
  assert.equal(await outcome, 0x87);
  const admitted = ask(authenticator, "slow", "right");
  authenticator.replace({ entries: SLOW });
  assert.equal(await admitted, "accepted");
});

Deno.test("a reload tells whose password has changed or who is gone", () => {
  using authenticator = new PasswordAuthenticator({ entries: [...ENTRIES, ...SLOW] });
  const changed = { ...ENTRIES[0]!, hash: ENTRIES[1]!.hash };
  const withdrawn = authenticator.replace({ entries: [changed, ...ENTRIES.slice(1)] });
  assert.deepEqual([...withdrawn].sort(), ["old", "slow"]);
});

Deno.test("who guesses waits longer and longer; a right password is answered at once", async () => {
  using guessLimit = new PasswordGuessLimit({
    freeFailures: 2,
    firstDelayMs: 250,
    maximumHeldPerAddress: 2,
  });
  using authenticator = new PasswordAuthenticator({ entries: ENTRIES, guessLimit });
  for (const _ of [1, 2]) assert.equal(await ask(authenticator, "usual", "wrong"), 0x87);
  const startMs = performance.now();
  assert.equal(await ask(authenticator, "usual", "wrong"), 0x87);
  assert.ok(performance.now() - startMs >= 245);
  const held = [ask(authenticator, "old", "x"), ask(authenticator, "old", "y")];
  assert.equal(await ask(authenticator, "old", "right", "192.0.2.8:1"), "accepted");
  while (guessLimit.held < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(await ask(authenticator, "old", "z"), 0x89); // not even looked at
  assert.equal(await ask(authenticator, "old", "right"), "accepted"); // known from the other address
  guessLimit[Symbol.dispose]();
  assert.deepEqual(await Promise.all(held), [0x87, 0x87]);
});

Deno.test("disposing of it refuses those who wait", async () => {
  const authenticator = new PasswordAuthenticator({ entries: SLOW, maximumConcurrency: 1 });
  const outcomes = ["a", "b"].map((each) => ask(authenticator, "slow", each));
  authenticator[Symbol.dispose]();
  assert.deepEqual(await Promise.all(outcomes), [0x87, 0x89]);
});

// ------------------------------------------------------------------------------ with the real broker

for (const protocolVersion of [3, 4, 5] as const) {
  const protocolId = protocolVersion === 3 ? "MQIsdp" : "MQTT";
  const refused = protocolVersion === 5 ? 0x87 : 5;

  Deno.test(`MQTT.js, version ${protocolVersion}: the broker lets in who has the right password only`, async () => {
    using authenticator = new PasswordAuthenticator({ entries: ENTRIES });
    await using server = Server.start({ authenticator });
    const connect = (username?: string, password?: string) =>
      TestClient.connect(server.port, {
        protocolVersion,
        protocolId,
        clientId: "mqtt-js",
        ...username !== undefined && { username },
        ...password !== undefined && { password },
      });
    for (const [username, password] of Object.entries(PASSWORDS)) {
      await using client = await connect(username, password);
      await client.mqtt.subscribeAsync("a");
      await client.mqtt.publishAsync("a", username);
      assert.deepEqual(await client.texts(1), [`a ${username}`]);
    }
    const wrong: readonly [string?, string?][] = [
      ["usual", "wrong"],
      ["modern", "wrong"],
      ["nobody", "right"],
      ["usual"],
      [],
    ];
    for (const [username, password] of wrong) {
      await assert.rejects(connect(username, password), (error) => {
        assert.equal((error as { code?: number }).code, refused, `${username}, ${password}`);
        return true;
      });
    }
  });
}

Deno.test("the broker serves its clients while passwords are hashed", async () => {
  using authenticator = new PasswordAuthenticator({ entries: SLOW, allowAnonymous: true });
  await using server = Server.start({ authenticator });
  await using client = await TestClient.connect(server.port, { clientId: "served" });
  await client.mqtt.subscribeAsync("a");
  const guessers = Array.from(
    { length: 4 },
    (_, i) =>
      TestClient.connect(server.port, {
        username: "slow",
        password: `${i}`,
        clientId: `guesser ${i}`,
      })
        .then(() => "in", () => "refused"),
  );
  let longestMs = 0;
  for (let i = 0; i < 20; i++) {
    const startMs = performance.now();
    await client.mqtt.publishAsync("a", `${i}`);
    await client.received(i + 1);
    longestMs = Math.max(longestMs, performance.now() - startMs);
  }
  assert.ok(longestMs < 1_000, `${longestMs} ms`);
  assert.deepEqual(new Set(await Promise.all(guessers)), new Set(["refused"]));
});
