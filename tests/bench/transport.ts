/** How the clients of a scenario speak, and what brokers and generator need for TLS. */

import { issue } from "../support/certificates.ts";

export type Transport = "tcp" | "websocket" | "tls";

/** A folder with `server.crt` and `server.key`, and the CA's certificate. */
export interface TlsMaterial {
  readonly folder: string;
  /** PEM. */
  readonly authority: string;
}

/** Makes a CA and a server's certificate for this run; the keys are of P-256. */
export async function makeTlsMaterial(): Promise<TlsMaterial> {
  const folder = await Deno.makeTempDir({ prefix: "midge-bench-" });
  const authority = await issue({ subject: { CN: "Bench CA" }, isAuthority: true });
  const server = await issue({ subject: { CN: "localhost" }, issuer: authority });
  await Deno.writeTextFile(`${folder}/server.crt`, server.pem);
  await Deno.writeTextFile(`${folder}/server.key`, server.key, { mode: 0o600 });
  return { folder, authority: authority.pem };
}
