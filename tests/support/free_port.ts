// A port for a broker that is started again on it: below those that the kernel gives to connections, for one of
// these could have it meanwhile, or even be connected with itself. Files of tests run beside each other, each with
// ports of its own: whoever listens on the first of a block has the block.

const FIRST = 15_000;
const BLOCKS = 300;
const PORTS_PER_BLOCK = 50;

/** Taken with the import: a test would be told that it leaves it open. */
const lock = takeBlock();
let given = 0;

/** A TCP port of 127.0.0.1 that nobody listens on, and that was not given lately. */
export function freePort(): number {
  for (let tries = 1; tries < PORTS_PER_BLOCK; tries++) {
    const port = lock.addr.port + 1 + given++ % (PORTS_PER_BLOCK - 1);
    const listener = listenOn(port);
    if (listener === undefined) continue;
    listener.close();
    return port;
  }
  throw new Error("no port is free");
}

function takeBlock(): Deno.TcpListener {
  const start = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const listener = listenOn(FIRST + (start + i) % BLOCKS * PORTS_PER_BLOCK);
    if (listener !== undefined) return listener;
  }
  throw new Error("no ports are free");
}

function listenOn(port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: "127.0.0.1", port });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return undefined;
    throw error;
  }
}
