// AccessReview: who is disconnected when passwords or listeners have changed.

import assert from "node:assert/strict";
import { parsePasswordFile } from "../../src/access/password_file.ts";
import { AccessReview, type ListenerAccess } from "../../src/server/access_review.ts";

const HASH = `$6$${btoa("123456789012")}$${btoa("h".repeat(64))}`;
const OTHER_HASH = `$6$${btoa("123456789012")}$${btoa("i".repeat(64))}`;
const entries = (text: string) => parsePasswordFile(text, "passwd").entries;
const BEFORE = new Map([
  ["passwd", entries(`ann:${HASH}\nbob:${HASH}\ncarl:${HASH}\n`)],
  ["other", entries(`ann:${OTHER_HASH}\nbob:${HASH}\n`)],
]);
const AFTER = new Map([
  ["third", entries(`ann:${HASH}\n`)],
  ["passwd", entries(`ann:${HASH}\nbob:${OTHER_HASH}\n`)],
  ["other", entries(`ann:${OTHER_HASH}\nbob:${HASH}\n`)],
]);

const OPEN: ListenerAccess = { allowAnonymous: true, passwordFile: null, tls: null };
const FILE: ListenerAccess = { allowAnonymous: true, passwordFile: "passwd", tls: null };
const OTHER: ListenerAccess = { ...FILE, passwordFile: "other" };
const closed = (access: ListenerAccess): ListenerAccess => ({ ...access, allowAnonymous: false });

const CASES: readonly {
  readonly name: string;
  readonly user: string | undefined;
  readonly was: ListenerAccess;
  readonly is: ListenerAccess;
  readonly stays: boolean;
}[] = [
  { name: "a user whose entry is the same stays", user: "ann", was: FILE, is: FILE, stays: true },
  { name: "a user with another password goes", user: "bob", was: FILE, is: FILE, stays: false },
  { name: "a user who is gone goes", user: "carl", was: FILE, is: FILE, stays: false },
  { name: "the same name in another file stays", user: "bob", was: OTHER, is: OTHER, stays: true },
  { name: "anonymous stays where it may", user: undefined, was: OPEN, is: FILE, stays: true },
  {
    name: "anonymous goes with allow_anonymous",
    user: undefined,
    was: OPEN,
    is: closed(OPEN),
    stays: false,
  },
  {
    name: "a password that was never checked is none",
    user: "ann",
    was: OPEN,
    is: FILE,
    stays: false,
  },
  { name: "without a file everybody stays", user: "carl", was: FILE, is: OPEN, stays: true },
  {
    name: "without a file and anonymous nobody stays",
    user: "ann",
    was: FILE,
    is: closed(OPEN),
    stays: false,
  },
  {
    name: "another file with the same entry lets stay",
    user: "ann",
    was: { ...FILE, passwordFile: "passwd" },
    is: { ...FILE, passwordFile: "third" },
    stays: true,
  },
  {
    name: "another file with another password does not",
    user: "ann",
    was: FILE,
    is: OTHER,
    stays: false,
  },
];
for (const { name, user, was, is, stays } of CASES) {
  Deno.test(`on a reload, ${name}`, () => {
    const review = new AccessReview({ passwords: BEFORE }, { passwords: AFTER });
    assert.equal(review.mayStay({ clientId: "c", userName: user }, was, is), stays);
  });
}
