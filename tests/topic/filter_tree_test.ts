// FilterTree against a plain matcher: whom a Topic Name reaches, in which order, and that nothing is left
// behind.

import assert from "node:assert/strict";
import fc from "fast-check";
import { FilterTree } from "../../src/topic/filter_tree.ts";
import type { TopicFilter } from "../../src/topic/topic_filter.ts";
import type { TopicName } from "../../src/topic/topic_name.ts";
import { anyFilter, anyName, asFilter, asName, check, matches } from "./reference.ts";

interface Value {
  readonly id: number;
}
interface Entry {
  readonly filter: TopicFilter;
  readonly value: Value;
}

const VALUES: readonly Value[] = [0, 1, 2, 3].map((id) => ({ id }));
const anyEntry = fc.record({ filter: anyFilter, value: fc.constantFrom(...VALUES) });

function found(tree: FilterTree<Value>, name: TopicName): number[] {
  const ids: number[] = [];
  tree.match(name, ({ id }) => ids.push(id));
  return ids;
}

/** The entries as a set: the same value under the same filter counts once. */
function distinct(entries: readonly Entry[]): Entry[] {
  return [...new Map(entries.map((each) => [`${each.value.id} ${each.filter}`, each])).values()];
}

function expected(entries: readonly Entry[], name: TopicName): number[] {
  return distinct(entries).filter(({ filter }) => matches(filter, name)).map(({ value }) =>
    value.id
  );
}

function sorted(ids: readonly number[]): number[] {
  return ids.toSorted((a, b) => a - b);
}

Deno.test("FilterTree finds what a plain matcher finds, each once for each filter", () => {
  check(fc.property(
    fc.array(anyEntry, { maxLength: 30 }),
    fc.array(anyName, { minLength: 1, maxLength: 10 }),
    (entries, names) => {
      const tree = new FilterTree<Value>();
      for (const { filter, value } of entries) tree.insert(filter, value);
      for (const name of names) {
        assert.deepEqual(sorted(found(tree, name)), sorted(expected(entries, name)), name);
      }
    },
  ));
});

Deno.test("FilterTree is right after each removal, and empty after the last, in any order", () => {
  const scenario = fc.array(anyEntry, { minLength: 1, maxLength: 20 }).chain((entries) =>
    fc.record({
      entries: fc.constant(entries),
      removed: fc.shuffledSubarray(distinct(entries), { minLength: distinct(entries).length }),
      name: anyName,
    })
  );
  check(fc.property(scenario, ({ entries, removed, name }) => {
    const tree = new FilterTree<Value>();
    for (const { filter, value } of entries) tree.insert(filter, value);
    let left = distinct(entries);
    for (const gone of removed) {
      assert.ok(!tree.isEmpty);
      tree.remove(gone.filter, gone.value);
      left = left.filter((each) => each.filter !== gone.filter || each.value !== gone.value);
      assert.deepEqual(sorted(found(tree, name)), sorted(expected(left, name)));
    }
    assert.ok(tree.isEmpty);
  }));
});

Deno.test("FilterTree is not changed by the removal of what is not in it", () => {
  const both = fc.tuple(fc.array(anyEntry, { maxLength: 8 }), fc.array(anyEntry), anyName);
  check(fc.property(both, ([entries, others, name]) => {
    const tree = new FilterTree<Value>();
    for (const { filter, value } of entries) tree.insert(filter, value);
    const isIn = (other: Entry) =>
      entries.some(({ filter, value }) => filter === other.filter && value === other.value);
    for (const other of others) if (!isIn(other)) tree.remove(other.filter, other.value);
    assert.deepEqual(sorted(found(tree, name)), sorted(expected(entries, name)));
    assert.equal(tree.isEmpty, entries.length === 0);
  }));
});

Deno.test("FilterTree is empty to begin with", () => {
  const tree = new FilterTree<Value>();
  assert.ok(tree.isEmpty);
  assert.deepEqual(found(tree, asName("a")), []);
  tree.remove(asFilter("a/+/#"), VALUES[0]!);
  assert.ok(tree.isEmpty);
});

// At each level the literal branch, then "+", then "#", which is Mosquitto's order.
const ORDERS = [
  { name: "a/b", order: ["a/b/#", "a/b", "a/+", "a/#", "+/b", "+/+", "#"] },
  { name: "a", order: ["a/#", "a", "+/#", "+", "#"] },
  { name: "/a", order: ["/a", "/+", "+/a", "+/+", "#"] },
  { name: "$SYS/a", order: ["$SYS/a", "$SYS/+", "$SYS/#"] },
];
for (const { name, order } of ORDERS) {
  Deno.test(`FilterTree visits the filters of ${name} in the order ${order.join(" ")}`, () => {
    for (const inserted of [order, order.toReversed()]) {
      const tree = new FilterTree<{ filter: string }>();
      for (const filter of inserted) tree.insert(asFilter(filter), { filter });
      const visited: string[] = [];
      tree.match(asName(name), ({ filter }) => visited.push(filter));
      assert.deepEqual(visited, order);
    }
  });
}

Deno.test("FilterTree visits the values of one filter in the order they were inserted", () => {
  const tree = new FilterTree<Value>();
  const filter = asFilter("a/+");
  for (const i of [2, 0, 3, 0, 1]) tree.insert(filter, VALUES[i]!);
  assert.deepEqual(found(tree, asName("a/b")), [2, 0, 3, 1]);
  tree.remove(filter, VALUES[0]!);
  tree.insert(filter, VALUES[0]!);
  assert.deepEqual(found(tree, asName("a/b")), [2, 3, 1, 0]);
});

Deno.test("FilterTree takes filters and names of two hundred levels", () => {
  const tree = new FilterTree<Value>();
  const levels = Array.from({ length: 200 }, (_, i) => `${i}`);
  const filters = [levels.join("/"), levels.map(() => "+").join("/"), `${levels.join("/")}/#`];
  filters.forEach((filter, i) => tree.insert(asFilter(filter), VALUES[i]!));
  assert.deepEqual(sorted(found(tree, asName(levels.join("/")))), [0, 1, 2]);
  filters.forEach((filter, i) => tree.remove(asFilter(filter), VALUES[i]!));
  assert.ok(tree.isEmpty);
});
