// A port for a broker that is started again on it: below those that the kernel gives to connections, for one of
// these could have it meanwhile, or even be connected with itself.

const FIRST = 15_000;
const COUNT = 15_000;
const given = new Set<number>();

/** A TCP port of 127.0.0.1 that nobody listens on, and that was not given before. */
export function freePort(): number {
  for (let tries = 0; tries < 100; tries++) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (given.has(port) || !isFree(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error("no port is free");
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
