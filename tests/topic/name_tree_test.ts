// NameTree against a plain Map and the plain matcher: the mirror of filter_tree_test.ts.

import assert from "node:assert/strict";
import fc from "fast-check";
import { NameTree } from "../../src/topic/name_tree.ts";
import type { TopicFilter } from "../../src/topic/topic_filter.ts";
import type { TopicName } from "../../src/topic/topic_name.ts";
import { anyFilter, anyName, asFilter, asName, check, matches } from "./reference.ts";

/** Values are numbers, 0 among them: a value need not be truthy. */
function found(tree: NameTree<number>, filter: TopicFilter): number[] {
  const values: number[] = [];
  tree.match(filter, (value) => values.push(value));
  return values;
}

function sorted(values: Iterable<number>): number[] {
  return [...values].toSorted((a, b) => a - b);
}

function expected(model: ReadonlyMap<TopicName, number>, filter: TopicFilter): number[] {
  return [...model].filter(([name]) => matches(filter, name)).map(([, value]) => value);
}

const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ does: fc.constant("set" as const), name: anyName }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("delete" as const), name: anyName }) },
);

Deno.test("NameTree is a Map that can be asked by Topic Filter", () => {
  const scenario = [
    fc.array(change, { maxLength: 40 }),
    fc.array(anyFilter, { minLength: 1 }),
  ] as const;
  check(fc.property(...scenario, (changes, filters) => {
    const tree = new NameTree<number>();
    const model = new Map<TopicName, number>();
    changes.forEach(({ does, name }, i) => {
      if (does === "set") {
        tree.set(name, i);
        model.set(name, i);
      } else {
        assert.equal(tree.delete(name), model.get(name));
        model.delete(name);
      }
      assert.equal(tree.size, model.size);
      assert.equal(tree.get(name), model.get(name));
    });
    for (const filter of filters) {
      assert.deepEqual(sorted(found(tree, filter)), sorted(expected(model, filter)), filter);
    }
  }));
});

Deno.test("NameTree is empty after all removals, in any order", () => {
  const scenario = fc.uniqueArray(anyName, { minLength: 1, maxLength: 20 }).chain((names) =>
    fc.tuple(fc.constant(names), fc.shuffledSubarray(names, { minLength: names.length }))
  );
  check(fc.property(scenario, ([names, removed]) => {
    const tree = new NameTree<number>();
    names.forEach((name, i) => tree.set(name, i));
    for (const name of removed) assert.notEqual(tree.delete(name), undefined);
    assert.equal(tree.size, 0);
    for (const name of names) assert.equal(tree.get(name), undefined);
    for (const filter of ["#", "+/#", "$/#", "$a/#", "$SYS/#"]) {
      assert.deepEqual(found(tree, asFilter(filter)), []);
    }
  }));
});

/** The Topic Names in the order in which `filter` visits them, after all of them were set. */
function visitedNames(names: readonly string[], filter: string): string[] {
  const tree = new NameTree<string>();
  for (const name of names) tree.set(asName(name), name);
  const visited: string[] = [];
  tree.match(asFilter(filter), (name) => visited.push(name));
  return visited;
}

const ORDERS = [
  {
    name: "branch by branch, in the order the branches came",
    names: ["b/1", "a/1", "b/2", "a/2"],
    filter: "#",
    order: ["b/1", "b/2", "a/1", "a/2"],
  },
  {
    name: "a level before the levels below it",
    names: ["a/b/c", "a/b", "a"],
    filter: "#",
    order: ["a", "a/b", "a/b/c"],
  },
  {
    name: "for a/# the level itself last",
    names: ["a", "a/b", "a/b/c"],
    filter: "a/#",
    order: ["a/b", "a/b/c", "a"],
  },
  {
    name: "for + in the order they came",
    names: ["x/z", "x/a", "x/m"],
    filter: "x/+",
    order: ["x/z", "x/a", "x/m"],
  },
  {
    name: "a name that is set again in its old place",
    names: ["x/z", "x/a", "x/z"],
    filter: "x/+",
    order: ["x/z", "x/a"],
  },
  {
    name: "for a leading wildcard none that begins with a dollar",
    names: ["$SYS/a", "a/$SYS", "$", "a"],
    filter: "#",
    order: ["a", "a/$SYS"],
  },
];
for (const { name, names, filter, order } of ORDERS) {
  Deno.test(`NameTree visits ${name}`, () => {
    assert.deepEqual(visitedNames(names, filter), order);
  });
}

Deno.test("NameTree removes a branch with its last name: set again, it comes at the end", () => {
  const tree = new NameTree<string>();
  for (const name of ["a/b/c", "d"]) tree.set(asName(name), name);
  tree.delete(asName("a/b/c"));
  tree.set(asName("a/x"), "a/x");
  const visited: string[] = [];
  tree.match(asFilter("#"), (name) => visited.push(name));
  assert.deepEqual(visited, ["d", "a/x"]);
});

Deno.test("NameTree keeps a branch as long as a name is in it", () => {
  const tree = new NameTree<number>();
  tree.set(asName("a"), 1);
  tree.set(asName("a/b/c"), 2);
  assert.equal(tree.delete(asName("a/b")), undefined);
  assert.equal(tree.delete(asName("a")), 1);
  assert.equal(tree.get(asName("a/b/c")), 2);
  assert.equal(tree.delete(asName("a/b/c/d")), undefined);
  assert.deepEqual(found(tree, asFilter("+/+/+")), [2]);
  assert.equal(tree.size, 1);
});

Deno.test("NameTree may be changed by what a match visits", () => {
  const tree = new NameTree<number>();
  ["a", "b", "c"].forEach((name, i) => tree.set(asName(name), i));
  const visited: number[] = [];
  tree.match(asFilter("#"), (value) => {
    visited.push(value);
    tree.delete(asName(["a", "b", "c"][value]!));
  });
  assert.deepEqual(visited, [0, 1, 2]);
  assert.equal(tree.size, 0);
});
