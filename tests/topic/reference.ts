// What "matches" means, as plainly as it can be written (MQTT 5.0, section 4.7), and random topics over a
// small alphabet, so that they often match.

import fc from "fast-check";
import { parseTopicFilter, type TopicFilter } from "../../src/topic/topic_filter.ts";
import { parseTopicName, type TopicName } from "../../src/topic/topic_name.ts";

const SEED = 20_251_122;
export const MAX_LEVELS = 201;

/** Runs a property with the seed of this folder. */
export function check<T>(property: fc.IProperty<T>, numRuns: number = 1_000): void {
  fc.assert(property, { seed: SEED, numRuns });
}

export function matches(filter: string, name: string): boolean {
  if (name.startsWith("$") && /^[+#]/.test(filter)) return false; // [MQTT-4.7.2-1]
  const filterLevels = filter.split("/");
  const nameLevels = name.split("/");
  for (const [i, level] of filterLevels.entries()) {
    if (level === "#") return true; // the parent level too: it is asked behind the last name level
    if (i >= nameLevels.length) return false;
    if (level !== "+" && level !== nameLevels[i]) return false;
  }
  return filterLevels.length === nameLevels.length;
}

export function asFilter(text: string): TopicFilter {
  return parseTopicFilter(text, MAX_LEVELS).filter;
}

export function asName(text: string): TopicName {
  return parseTopicName(text, MAX_LEVELS);
}

const literal = fc.constantFrom("", "a", "b", "ab", "$", "$a", "$SYS", "ü");
const depth = { minLength: 1, maxLength: 4 };

export const anyName: fc.Arbitrary<TopicName> = fc.array(literal, depth)
  .map((levels) => levels.join("/")).filter((text) => text !== "").map(asName);

export const anyFilter: fc.Arbitrary<TopicFilter> = fc.tuple(
  fc.array(fc.oneof({ weight: 2, arbitrary: literal }, fc.constant("+")), depth),
  fc.boolean(),
).map(([levels, hash]) =>
  [...(hash ? levels.slice(0, -1) : levels), ...(hash ? ["#"] : [])].join("/")
)
  .filter((text) => text !== "").map(asFilter);
