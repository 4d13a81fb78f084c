// CRC-32C (Castagnoli, RFC 3720 B.4), for the checksum of PROXY headers.

const POLYNOMIAL = 0x82f6_3b78; // reflected

/** @returns from 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
  }
  return ~crc >>> 0;
}
