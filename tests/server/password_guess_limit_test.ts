import assert from "node:assert/strict";
import type { Log } from "../../src/broker/ports.ts";
import {
  addressOf,
  PasswordGuessLimit,
  type PasswordGuessLimitOptions,
} from "../../src/server/password_guess_limit.ts";

const ATTACKER = "192.0.2.7:40000";

/** A limit whose time the test moves; answers that are held back come when it is disposed of. */
function limitAt(time: { nowMs: number }, options: PasswordGuessLimitOptions = {}) {
  const lines: string[] = [];
  const log: Log = {
    isDebugEnabled: false,
    write: (level, text) => lines.push(`${level}: ${text}`),
  };
  const limit = new PasswordGuessLimit({ clock: () => time.nowMs, log, ...options });
  const fail = (address = ATTACKER): boolean => {
    let isAnswered = false;
    limit.failed(address, "admin", () => isAnswered = true);
    return isAnswered;
  };
  return { limit, lines, fail };
}

Deno.test("the first failures of an address are answered at once, the next are held back", () => {
  const { limit, fail } = limitAt({ nowMs: 0 });
  using _ = limit;
  assert.deepEqual(Array.from({ length: 7 }, () => fail()), [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
  assert.ok(fail("192.0.2.8:40000"), "another address is not concerned");
});

Deno.test("answers are held back for twice as long each time, up to a maximum", async () => {
  using limit = new PasswordGuessLimit({ freeFailures: 0, firstDelayMs: 20, maximumDelayMs: 80 });
  const startMs = performance.now();
  const delays = await Promise.all(
    Array.from(
      { length: 4 },
      () =>
        new Promise<number>((resolve) =>
          limit.failed(ATTACKER, "admin", () => resolve(performance.now() - startMs))
        ),
    ),
  );
  [20, 40, 80, 80].forEach((expected, i) => {
    assert.ok(delays[i]! >= expected - 2 && delays[i]! < expected + 500, `${delays}`);
  });
  assert.equal(limit.held, 0);
});

Deno.test("with too many answers held back, an address has to wait before it may try again", () => {
  const time = { nowMs: 0 };
  const { limit, fail } = limitAt(time, { freeFailures: 0, maximumHeldPerAddress: 2 });
  using _ = limit;
  fail();
  assert.ok(limit.mayTry(ATTACKER));
  fail();
  assert.ok(!limit.mayTry(ATTACKER));
  assert.ok(!limit.mayTry("192.0.2.7:50000"), "the port makes no difference");
  assert.ok(limit.mayTry("192.0.2.8:40000"));
  time.nowMs = 1_001;
  assert.ok(limit.mayTry(ATTACKER));
});

Deno.test("an address that was quiet for a while starts anew", () => {
  const time = { nowMs: 0 };
  const { limit, fail } = limitAt(time, { freeFailures: 1, forgetAfterMs: 1_000 });
  using _ = limit;
  assert.deepEqual([fail(), fail()], [true, false]);
  time.nowMs = 1_001;
  assert.deepEqual([fail(), fail()], [true, false]);
});

Deno.test("the table of addresses is bounded, and the quietest goes first", () => {
  const { limit, fail } = limitAt({ nowMs: 0 }, { freeFailures: 1, maximumAddresses: 2 });
  using _ = limit;
  for (const host of [1, 2, 1, 3]) fail(`192.0.2.${host}:1`);
  assert.equal(limit.size, 2);
  assert.ok(fail("192.0.2.2:1"), "forgotten");
});

Deno.test("answers that are held back are bounded; more are given at once", () => {
  const { limit, fail } = limitAt({ nowMs: 0 }, { freeFailures: 0, maximumHeld: 2 });
  using _ = limit;
  assert.deepEqual([1, 2, 3].map((host) => fail(`192.0.2.${host}:1`)), [false, false, true]);
  assert.equal(limit.held, 2);
});

for (const address of ["127.0.0.1:1", "127.3.2.1:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "/run/x"]) {
  Deno.test(`${address} is not slowed unless that is asked for`, () => {
    const { limit, fail } = limitAt({ nowMs: 0 }, { freeFailures: 0 });
    using _ = limit;
    assert.ok(fail(address));
    assert.equal(limit.size, 0);
    const all = limitAt({ nowMs: 0 }, { freeFailures: 0, includeLoopback: true });
    using _all = all.limit;
    assert.ok(!all.fail(address));
  });
}

Deno.test("an address is logged once in a period, with how often it was wrong", () => {
  const time = { nowMs: 0 };
  const { limit, lines, fail } = limitAt(time, { freeFailures: 2 });
  using _ = limit;
  for (let i = 0; i < 5; i++) fail();
  assert.equal(lines.length, 1);
  assert.equal(
    lines[0],
    "warning: 3 wrong passwords from 192.0.2.7, the last for user 'admin': the next refusals to this " +
      "address take 1 s and more.",
  );
  time.nowMs = 60_000;
  fail();
  assert.equal(lines.length, 2);
  assert.match(lines[1]!, /3 wrong passwords .* 8 s and more/);
});

Deno.test("disposing of it gives all answers that are held back", () => {
  const { limit } = limitAt({ nowMs: 0 }, { freeFailures: 0 });
  let answers = 0;
  for (let i = 0; i < 3; i++) limit.failed(ATTACKER, "admin", () => answers++);
  assert.equal(answers, 0);
  limit[Symbol.dispose]();
  assert.equal(answers, 3);
});

const ADDRESSES = [
  { address: "192.0.2.7:1883", key: "192.0.2.7" },
  { address: "[::ffff:192.0.2.7]:1883", key: "192.0.2.7" },
  { address: "[2001:db8:1:2:3:4:5:6]:1", key: "2001:db8:1:2::/64" },
  { address: "[2001:0DB8:1:2::99]:1", key: "2001:db8:1:2::/64" },
  { address: "[2001:db8::1]:1", key: "2001:db8:0:0::/64" },
  { address: "[fe80::1%eth0]:1", key: "fe80:0:0:0::/64" },
  { address: "[1:2:3:4:5:6:7::]:1", key: "1:2:3:4::/64" },
];
for (const { address, key } of ADDRESSES) {
  Deno.test(`${address} counts as ${key}`, () => {
    assert.deepEqual(addressOf(address), { key, isLocal: false });
  });
}
