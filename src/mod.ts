/**
 * midge as a library: a broker inside of your own Deno program or test.
 *
 * ```ts
 * import { Broker } from "./src/mod.ts";
 *
 * await using broker = Broker.start(); // a free port of 127.0.0.1
 * const url = `mqtt://127.0.0.1:${broker.port}`;
 * ```
 *
 * @module
 */

export { Server as Broker, type ServerOptions as BrokerOptions } from "./server/server.ts";
export type { Limits } from "./broker/limits.ts";
export { DEFAULT_LIMITS } from "./broker/limits.ts";
export type {
  AuthenticationExchange,
  AuthenticationOutcome,
  Authenticator,
  Credentials,
  ExchangeOutcome,
} from "./access/authenticator.ts";
export type { Authorizer, ClientIdentity } from "./access/authorizer.ts";
export type { Log, LogLevel } from "./broker/ports.ts";
export { ReasonCode } from "./packet/reason_code.ts";
