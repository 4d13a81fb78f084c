// FilterTree: Topic Filters with values, asked by Topic Name.
//
//   filters  a/+   a/b/#           root -- a --+-- (+)        value of "a/+"
//                                              `-- b -- [#]   values of "a/b/#"
//
// One node per level; "+" is a child like any other, "#" is a second set of values in the node it
// stands behind, since it matches that node too. A node that holds nothing is removed, so an empty tree
// is empty. A match visits each node at most once, whatever the filters are.

import { type OneOrMany, visitValues, withoutValue, withValue } from "./one_or_many.ts";
import type { TopicFilter } from "./topic_filter.ts";
import type { TopicName } from "./topic_name.ts";

class Node<T extends object> {
  children: Map<string, Node<T>> | undefined = undefined;
  plus: Node<T> | undefined = undefined;
  /** Values of the filter that ends here. */
  values: OneOrMany<T> = undefined;
  /** Values of the filter that ends here with "/#". */
  hashValues: OneOrMany<T> = undefined;

  get isEmpty(): boolean {
    return this.children === undefined && this.plus === undefined &&
      this.values === undefined && this.hashValues === undefined;
  }
}

export class FilterTree<T extends object> {
  #root = new Node<T>();

  get isEmpty(): boolean {
    return this.#root.isEmpty;
  }

  /** Adds `value` under `filter`; adding it again changes nothing. */
  insert(filter: TopicFilter, value: T): void {
    let node = this.#root;
    for (const level of filter.split("/")) {
      if (level === "#") {
        node.hashValues = withValue(node.hashValues, value);
        return;
      }
      node = level === "+" ? node.plus ??= new Node<T>() : childOf(node, level);
    }
    node.values = withValue(node.values, value);
  }

  /** Removes `value` from under `filter`; does nothing if it is not there. */
  remove(filter: TopicFilter, value: T): void {
    removeBelow(this.#root, filter.split("/"), 0, value);
  }

  /**
   * Calls `visit` with the values of all filters that match `name`: at each level the literal branch
   * first, then "+", then "#" (the order in which Mosquitto delivers). A value that stands under several
   * matching filters is visited once for each.
   */
  match(name: TopicName, visit: (value: T) => void): void {
    const levels = name.split("/");
    if (!name.startsWith("$")) return matchBelow(this.#root, levels, 0, visit);
    // A leading wildcard does not match a Topic Name that begins with "$" [MQTT-4.7.2-1].
    const child = this.#root.children?.get(levels[0]!);
    if (child !== undefined) matchBelow(child, levels, 1, visit);
  }
}

function childOf<T extends object>(node: Node<T>, level: string): Node<T> {
  const children = node.children ??= new Map<string, Node<T>>();
  let child = children.get(level);
  if (child === undefined) children.set(level, child = new Node<T>());
  return child;
}

function matchBelow<T extends object>(
  node: Node<T>,
  levels: readonly string[],
  depth: number,
  visit: (value: T) => void,
): void {
  if (depth === levels.length) {
    visitValues(node.hashValues, visit); // "a/#" matches "a" too (section 4.7.1.2)
    visitValues(node.values, visit);
    return;
  }
  const child = node.children?.get(levels[depth]!);
  if (child !== undefined) matchBelow(child, levels, depth + 1, visit);
  if (node.plus !== undefined) matchBelow(node.plus, levels, depth + 1, visit);
  visitValues(node.hashValues, visit);
}

function removeBelow<T extends object>(
  node: Node<T>,
  levels: readonly string[],
  depth: number,
  value: T,
): void {
  const level = levels[depth];
  if (level === undefined) {
    node.values = withoutValue(node.values, value);
  } else if (level === "#") {
    node.hashValues = withoutValue(node.hashValues, value);
  } else if (level === "+") {
    if (node.plus === undefined) return;
    removeBelow(node.plus, levels, depth + 1, value);
    if (node.plus.isEmpty) node.plus = undefined;
  } else {
    const child = node.children?.get(level);
    if (child === undefined) return;
    removeBelow(child, levels, depth + 1, value);
    if (!child.isEmpty) return;
    node.children!.delete(level);
    if (node.children!.size === 0) node.children = undefined;
  }
}
