// What SQLite does not say about its write-ahead log. At the first frame whose checksum is wrong it takes the log to
// end, as it must after a crash; that whole transactions stood behind it is not told. So we look before
// SQLite does. https://sqlite.org/fileformat2.html#the_write_ahead_log
//
//   header, 32 bytes:  magic | version | page size | sequence | salt 1 | salt 2 | checksum 1, 2
//   frame: header, 24: page  | pages in the database, if it commits | salt 1 | salt 2 | checksum 1, 2; then the page

import { Buffer } from "node:buffer";

const MAGIC = 0x377f0682; // + 1: checksums of big-endian words
const HEADER = 32;
const FRAME_HEADER = 24;

/** What is wrong with the log of the database `path`, in words; undefined: nothing, or it has none. */
export function checkLog(path: string): string | undefined {
  let log: Buffer;
  try {
    log = Buffer.from(Deno.readFileSync(`${path}-wal`).buffer);
  } catch {
    return undefined; // there is none, or who opens the database will say why it can't be read
  }
  if (log.length < HEADER) return undefined; // nothing was written yet
  switch (lostCommits(log)) {
    case 0:
      return undefined;
    case 1:
      return `The last write in ${path}-wal, the log of the store, can't be read: either it was not finished, and nobody ` +
        "was told that it was, or the disk has damaged it.";
    default:
      return `${path}-wal, the log of the store, is damaged: its last writes can't be read and are lost. That may be so ` +
        "after a loss of power; with durability: power it means a bad disk.";
  }
}

/** Commits behind the place where SQLite stops to read; all are, if it can't read the header. */
function lostCommits(log: Buffer): number {
  const magic = log.readUInt32BE(0);
  const littleEndian = magic === MAGIC;
  const pageSize = log.readUInt32BE(8);
  const salts = log.subarray(16, 24);
  const frame = FRAME_HEADER + pageSize;
  let sum = checksum(log, 0, HEADER - 8, littleEndian, [0, 0]);
  if ((magic & ~1) >>> 0 !== MAGIC || !isAt(log, HEADER - 8, sum)) {
    return log.length > HEADER + FRAME_HEADER ? 1 : 0;
  }
  let isWhole = true;
  let lost = 0;
  for (let at = HEADER; at + frame <= log.length; at += frame) {
    const hasFirst = log.subarray(at + 8, at + 12).equals(salts.subarray(0, 4));
    const hasSecond = log.subarray(at + 12, at + 16).equals(salts.subarray(4));
    if (isWhole && hasFirst && hasSecond) {
      sum = checksum(log, at, 8, littleEndian, sum);
      sum = checksum(log, at + FRAME_HEADER, pageSize, littleEndian, sum);
      if (isAt(log, at + 16, sum)) continue;
    }
    isWhole = false;
    // Both salts change when the log begins anew: a frame that has neither is left from before.
    if ((hasFirst || hasSecond) && log.readUInt32BE(at + 4) !== 0) lost++;
  }
  return lost;
}

function isAt(log: Buffer, at: number, [first, second]: readonly [number, number]): boolean {
  return log.readUInt32BE(at) === first && log.readUInt32BE(at + 4) === second;
}

function checksum(
  log: Buffer,
  start: number,
  length: number,
  littleEndian: boolean,
  [first, second]: readonly [number, number],
): [number, number] {
  let a = first;
  let b = second;
  for (let at = start; at < start + length; at += 8) {
    a = (a + (littleEndian ? log.readUInt32LE(at) : log.readUInt32BE(at)) + b) >>> 0;
    b = (b + (littleEndian ? log.readUInt32LE(at + 4) : log.readUInt32BE(at + 4)) + a) >>> 0;
  }
  return [a, b];
}
