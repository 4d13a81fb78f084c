// ScriptedAuthenticator: an Authenticator whose answers come when a script says so.
//
//   password       the User Name's own: "ann" has the password "ann"; nobody else is let in
//   CHALLENGE      the method of section 4.12 with one question: whatever the Client begins with, it is
//                  asked "who?" and has to say "ann"; "again" makes it ask once more
//   AT ONCE        the method that needs no question

import type {
  AuthenticationExchange,
  AuthenticationOutcome,
  Authenticator,
  Credentials,
  ExchangeOutcome,
} from "../../src/access/authenticator.ts";
import { ReasonCode } from "../../src/packet/reason_code.ts";
import { bytesOf } from "../vectors/vector.ts";

export class ScriptedAuthenticator implements Authenticator {
  /** The methods it knows; a script may take one away. */
  readonly methods = new Set(["CHALLENGE", "AT ONCE"]);
  readonly #answersLater: boolean;
  readonly #answers: (() => void)[] = [];

  constructor(answersLater: boolean) {
    this.#answersLater = answersLater;
  }

  authenticate(
    { userName, password }: Credentials,
    done: (outcome: AuthenticationOutcome) => void,
  ): void {
    const given = password === undefined ? undefined : new TextDecoder().decode(password);
    const accepted = userName !== undefined && userName === given;
    this.#say(() =>
      done(accepted ? { accepted } : { accepted, reasonCode: ReasonCode.BadUserNameOrPassword })
    );
  }

  beginExchange(method: string): AuthenticationExchange | undefined {
    if (!this.methods.has(method)) return undefined;
    let isAsked = method === "AT ONCE";
    return {
      step: (data, done) => {
        const outcome = isAsked ? judge(method, data) : ask("who?");
        isAsked = true;
        this.#say(() => done(outcome));
      },
    };
  }

  /** Gives the oldest answer that is due. */
  answer(): void {
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error("nobody has asked");
    answer();
  }

  #say(answer: () => void): void {
    if (this.#answersLater) this.#answers.push(answer);
    else answer();
  }
}

function ask(question: string): ExchangeOutcome {
  return { step: "continue", data: bytesOf(question) };
}

function judge(method: string, data: Uint8Array | undefined): ExchangeOutcome {
  if (method === "AT ONCE") return { step: "accepted", data: undefined };
  const said = new TextDecoder().decode(data);
  if (said === "again") return ask("who, then?");
  return said === "ann"
    ? { step: "accepted", data: bytesOf("hello"), userName: said }
    : { step: "refused", reasonCode: ReasonCode.NotAuthorized };
}
