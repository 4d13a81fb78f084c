// TlsStream over real sockets: what nobody reads stays with the peer.

import assert from "node:assert/strict";
import type { Peer } from "../../src/transport/byte_stream.ts";
import { TlsLayer } from "../../src/transport/tls_layer.ts";
import { issue } from "../support/certificates.ts";

const FLOOD_BYTES = 64 * 1024 * 1024;
/** The buffers of the system on both sides, and then some. */
const HELD_AT_MOST = 24 * 1024 * 1024;

const authority = await issue({ subject: { CN: "Test CA" }, isAuthority: true });
const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
const layer = new TlsLayer({
  certificate: server.pem,
  key: server.key,
  minimumVersion: "1.2",
  clients: undefined,
});

/** Both ends of a connection whose handshake is done. */
async function pair(): Promise<{ near: Peer; far: Deno.TlsConn }> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = listener.accept().then((stream) =>
    layer.open(
      { stream, remoteAddress: "test", certifiedUserName: undefined },
      new AbortController().signal,
    )
  );
  const far = await Deno.connectTls({
    hostname: "localhost",
    port: listener.addr.port,
    caCerts: [authority.pem],
  });
  return { near: await accepting, far };
}

Deno.test("a peer that floods a stream that is not read is held back, and nothing is lost", async () => {
  const { near, far } = await pair();
  const block = new Uint8Array(1024 * 1024).map((_, i) => i % 251);
  let sent = 0;
  const sending = (async () => {
    while (sent < FLOOD_BYTES) sent += await far.write(block.subarray(sent % block.length));
  })();
  let before = -1;
  for (let still = 0; still < 5;) { // until no more goes in
    await new Promise((resolve) => setTimeout(resolve, 20));
    still = sent === before ? still + 1 : 0;
    before = sent;
  }
  assert.ok(sent < HELD_AT_MOST, `${sent} bytes went in`);
  const buffer = new Uint8Array(65_536);
  let received = 0;
  while (received < FLOOD_BYTES) {
    const length = await near.stream.read(buffer);
    assert.ok(length !== null);
    assert.equal(buffer[0], block[received % block.length]);
    assert.equal(buffer[length - 1], block[(received + length - 1) % block.length]);
    received += length;
  }
  await sending;
  far.close();
  near.stream.close();
});

Deno.test("a write resolves only when the bytes have gone out, not when they are encrypted", async () => {
  const { near, far } = await pair();
  const block = new Uint8Array(1024 * 1024);
  let written = 0;
  let isClosing = false;
  const writing = (async () => {
    while (!isClosing) written += await near.stream.write(block);
  })().catch(() => {});
  let before = -1;
  for (let still = 0; still < 5;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    still = written === before ? still + 1 : 0;
    before = written;
  }
  assert.ok(written < HELD_AT_MOST, `${written} bytes went out to nobody`);
  isClosing = true;
  near.stream.close();
  far.close();
  await writing;
});

Deno.test("an end of the stream is null, again and again, and writing goes on", async () => {
  const { near, far } = await pair();
  await far.closeWrite();
  const buffer = new Uint8Array(16);
  assert.equal(await near.stream.read(buffer), null);
  assert.equal(await near.stream.read(buffer), null);
  await near.stream.write(Uint8Array.of(1, 2, 3));
  assert.equal(await far.read(buffer), 3);
  await near.stream.closeWrite();
  assert.equal(await far.read(buffer), null);
  near.stream.close();
  far.close();
});

Deno.test("closing ends a read that is under way", async () => {
  const { near, far } = await pair();
  const reading = near.stream.read(new Uint8Array(16));
  near.stream.close();
  assert.equal(await reading, null);
  near.stream.close();
  far.close();
});
