/**
 * The results as text: a row for each scenario, rows below it for its further figures, and a line
 * for everything that went wrong.
 */

import type { BrokerName } from "./brokers.ts";
import type { Measurement, Outcome } from "./measurement.ts";

export type Outcomes = Partial<Record<BrokerName, Outcome>>;

const BROKER_NAMES: readonly BrokerName[] = ["midge", "mosquitto", "aedes"];
const NAME_WIDTH = 22;
const UNIT_WIDTH = 11;
const VALUE_WIDTH = 10;
const RATIO_WIDTH = 11;
const CPU_WIDTH = 9;
/** Above this share of a core, a process is what limits the figure. */
const BUSY_SHARE = 0.85;

export const LEGEND = [
  "↑ more is better, ↓ less is better; m/mosq and m/aedes: midge's figure divided by theirs.",
  "CPU µs: the broker's CPU time for each message (or connection).",
].join("\n");

export function formatHeader(): string {
  return [
    "scenario".padEnd(NAME_WIDTH),
    "unit".padEnd(UNIT_WIDTH),
    ...BROKER_NAMES.map((name) => name.padStart(VALUE_WIDTH)),
    ...["m/mosq", "m/aedes"].map((name) => name.padStart(RATIO_WIDTH)),
    " │",
    ...["CPU µs: m", "mosq", "aedes"].map((name) => name.padStart(CPU_WIDTH)),
    "m/mosq".padStart(RATIO_WIDTH),
  ].join("");
}

export function formatScenario(name: string, outcomes: Outcomes): string[] {
  const lines: string[] = [];
  const measured = new Map<BrokerName, Measurement>();
  for (const broker of BROKER_NAMES) {
    const outcome = outcomes[broker];
    if (outcome?.kind === "measured") measured.set(broker, outcome.measurement);
  }
  const [first] = measured.values();
  for (const [index, metric] of (first?.metrics ?? []).entries()) {
    const rowName = index === 0 ? name : `  ${metric.name}`;
    const unit = `${metric.unit} ${metric.better === "more" ? "↑" : "↓"}`;
    const valueOf = (broker: BrokerName) => measured.get(broker)?.metrics[index]?.value;
    const row = formatCells(rowName, unit, valueOf);
    const cpuOf = (broker: BrokerName) => measured.get(broker)?.brokerCpuMicrosPerMessage;
    lines.push((index === 0 ? `${row} │${formatCpuCells(cpuOf)}` : row).trimEnd());
  }
  if (first === undefined) lines.push(name);
  for (const broker of BROKER_NAMES) {
    for (const remark of remarksOn(outcomes[broker])) lines.push(`    ! ${broker}: ${remark}`);
  }
  return lines;
}

type ValueOf = (broker: BrokerName) => number | undefined;

function formatCells(name: string, unit: string, valueOf: ValueOf): string {
  return [
    name.padEnd(NAME_WIDTH),
    unit.padEnd(UNIT_WIDTH),
    ...BROKER_NAMES.map((broker) => formatNumber(valueOf(broker)).padStart(VALUE_WIDTH)),
    formatRatio(valueOf("midge"), valueOf("mosquitto")).padStart(RATIO_WIDTH),
    formatRatio(valueOf("midge"), valueOf("aedes")).padStart(RATIO_WIDTH),
  ].join("");
}

function formatCpuCells(cpuOf: ValueOf): string {
  return [
    ...BROKER_NAMES.map((broker) => formatNumber(cpuOf(broker)).padStart(CPU_WIDTH)),
    formatRatio(cpuOf("midge"), cpuOf("mosquitto")).padStart(RATIO_WIDTH),
  ].join("");
}

/** Three significant digits, thousands separated: 9,870,000, 147,000, 52.1, 0.102. */
function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "-";
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

function formatRatio(value: number | undefined, other: number | undefined): string {
  if (value === undefined || other === undefined || other === 0) return "-";
  const ratio = value / other;
  return `× ${ratio < 0.1 ? ratio.toFixed(3) : formatNumber(ratio)}`;
}

function remarksOn(outcome: Outcome | undefined): string[] {
  if (outcome === undefined) return [];
  if (outcome.kind === "failed") return [`failed: ${outcome.reason}`];
  const { lost, duplicated, notes, generatorCpuShare, brokerCpuShare } = outcome.measurement;
  const remarks = [...notes];
  if (lost > 0) remarks.push(`lost ${lost.toLocaleString("en")}`);
  if (duplicated > 0) remarks.push(`delivered ${duplicated.toLocaleString("en")} too many`);
  if (brokerCpuShare !== undefined && generatorCpuShare !== undefined) {
    remarks.push(...remarksOnLoad(brokerCpuShare, generatorCpuShare));
  }
  return remarks;
}

/** Says so when the broker was not what limited the figure. */
function remarksOnLoad(brokerShare: number, generatorShare: number): string[] {
  if (brokerShare > BUSY_SHARE) return [];
  const cores = `broker's core ${formatPercent(brokerShare)} busy with it, ` +
    `generator's ${formatPercent(generatorShare)}`;
  return generatorShare > BUSY_SHARE
    ? [`the load generator was the limit (${cores}): the broker can do more`]
    : [`neither was the limit (${cores}): another program took the cores, or both waited`];
}

function formatPercent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
