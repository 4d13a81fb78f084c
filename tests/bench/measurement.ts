/**
 * What a scenario hands back, and the small statistics on it.
 *
 * The generator process prints one `Measurement` as JSON, the conductor (`main.ts`) merges the
 * repeats by their medians, `table.ts` prints them. Nothing here knows a socket or a broker.
 */

export interface Metric {
  /** Empty for the figure that stands in the scenario's own row. */
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly better: "more" | "less";
}

export interface Measurement {
  /** The first one is the scenario's figure, the others get rows of their own below it. */
  readonly metrics: readonly Metric[];
  /** CPU time of the broker, all its threads, for each message (or connection). */
  readonly brokerCpuMicrosPerMessage?: number;
  /** Share of one core the broker used while it was measured. */
  readonly brokerCpuShare?: number;
  /** Share of one core the load generator used meanwhile: near 1 it is the one that was measured. */
  readonly generatorCpuShare?: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly notes: readonly string[];
}

export type Outcome =
  | { readonly kind: "measured"; readonly measurement: Measurement }
  | { readonly kind: "failed"; readonly reason: string };

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

/** Numbers taken between `start` and `stop`, in memory that is there beforehand. */
export class Samples {
  readonly #values: Float64Array<ArrayBuffer>;
  #count = 0;
  #running = false;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity);
  }

  start(): void {
    this.#running = true;
  }

  stop(): void {
    this.#running = false;
  }

  add(value: number): void {
    if (this.#running && this.#count < this.#values.length) this.#values[this.#count++] = value;
  }

  /** The nearest-rank percentile. */
  percentile(percent: number): number {
    const sorted = this.#values.subarray(0, this.#count).toSorted();
    return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
  }
}

/** Medians of every figure; losses are summed, since one bad repeat must stay visible. */
export function mergeRepeats(outcomes: readonly Outcome[]): Outcome {
  const measurements: Measurement[] = [];
  const notes = new Set<string>();
  for (const outcome of outcomes) {
    if (outcome.kind === "measured") measurements.push(outcome.measurement);
    else notes.add(`a repeat failed: ${outcome.reason}`);
  }
  const first = measurements[0];
  if (first === undefined) return outcomes[0] ?? { kind: "failed", reason: "not run" };

  for (const measurement of measurements) for (const note of measurement.notes) notes.add(note);
  const metrics = first.metrics.map((metric, index) => ({
    ...metric,
    value: median(measurements.map((m) => m.metrics[index]?.value ?? NaN)),
  }));
  const sumOf = (pick: (m: Measurement) => number) =>
    measurements.reduce((sum, m) => sum + pick(m), 0);
  return {
    kind: "measured",
    measurement: {
      metrics,
      ...medianOf("brokerCpuMicrosPerMessage", measurements),
      ...medianOf("brokerCpuShare", measurements),
      ...medianOf("generatorCpuShare", measurements),
      lost: sumOf((m) => m.lost),
      duplicated: sumOf((m) => m.duplicated),
      notes: [...notes],
    },
  };
}

type OptionalFigure = "brokerCpuMicrosPerMessage" | "brokerCpuShare" | "generatorCpuShare";

function medianOf(
  key: OptionalFigure,
  measurements: readonly Measurement[],
): Partial<Record<OptionalFigure, number>> {
  const values = measurements.map((m) => m[key]).filter((value) => value !== undefined);
  return values.length === 0 ? {} : { [key]: median(values) };
}
