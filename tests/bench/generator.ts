/**
 * The load generator's process: measures one scenario against one running broker and ends.
 *
 * A process of its own for each measurement, so that none inherits the heap and the compiled code of
 * the one before. It takes a `GeneratorRequest` as JSON and prints an `Outcome` as JSON.
 */

import type { Outcome } from "./measurement.ts";
import { print } from "./print.ts";
import { SCENARIOS } from "./scenarios/catalogue.ts";

export interface GeneratorRequest {
  readonly scenario: string;
  readonly port: number;
  readonly pid: number;
  readonly seconds: number;
  /** PEM: the CA of a broker that speaks TLS. */
  readonly authority: string;
}

if (import.meta.main) await generate(JSON.parse(Deno.args[0] ?? "{}"));

async function generate(request: GeneratorRequest): Promise<void> {
  const scenario = SCENARIOS.find(({ name }) => name === request.scenario);
  if (scenario === undefined) throw new Error(`Unknown scenario "${request.scenario}"`);
  const failure = Promise.withResolvers<Outcome>();
  const onFailure = (reason: string) => failure.resolve({ kind: "failed", reason });
  const measured = scenario.measure({ ...request, transport: scenario.transport, onFailure })
    .then(
      (measurement): Outcome => ({ kind: "measured", measurement }),
      (error: Error): Outcome => ({ kind: "failed", reason: error.message }),
    );
  print(JSON.stringify(await Promise.race([failure.promise, measured])));
  Deno.exit(0); // with its connections open: they end with the process
}
