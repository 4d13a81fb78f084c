// Who a Client is: the port through which the broker asks. What answers (password files, certificates,
// enhanced authentication) is put in from outside; without anything, everybody is welcome.

import type { ReasonCode } from "../packet/reason_code.ts";

/** What a CONNECT says about its sender. */
export interface Credentials {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  /** Address and port, as logs show it. */
  readonly remoteAddress: string;
}

export type AuthenticationOutcome =
  | {
    readonly accepted: true; /** Replaces the User Name of the CONNECT. */
    readonly userName?: string;
  }
  | { readonly accepted: false; readonly reasonCode: ReasonCode };

/** One step of enhanced authentication (MQTT 5.0, section 4.12). */
export type ExchangeOutcome =
  | { readonly step: "continue"; readonly data: Uint8Array | undefined }
  | { readonly step: "accepted"; readonly data: Uint8Array | undefined; readonly userName?: string }
  | { readonly step: "refused"; readonly reasonCode: ReasonCode };

/** The broker's side of one exchange of AUTH packets. */
export interface AuthenticationExchange {
  /**
   * Takes the Client's Authentication Data and calls `done` once, at once or later. Meanwhile the
   * connection reads no packets.
   */
  step(data: Uint8Array | undefined, done: (outcome: ExchangeOutcome) => void): void;
}

export interface Authenticator {
  /** Judges User Name and Password; calls `done` once, at once or later (hashes are slow). */
  authenticate(credentials: Credentials, done: (outcome: AuthenticationOutcome) => void): void;
  /**
   * Begins enhanced authentication, or re-authentication, by `method`.
   * @returns undefined if the method is not supported: the Client gets 0x8C.
   */
  beginExchange(method: string, credentials: Credentials): AuthenticationExchange | undefined;
}

/** Lets everybody in, whatever the User Name and Password. */
export const ALLOW_EVERYBODY: Authenticator = {
  authenticate: (_credentials, done) => done({ accepted: true }),
  beginExchange: () => undefined,
};
