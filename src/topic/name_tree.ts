// NameTree: Topic Names with one value each, asked by Topic Filter; the mirror of FilterTree. Made for
// retained messages: a filter walks only the branches that it can match.

import type { TopicFilter } from "./topic_filter.ts";
import type { TopicName } from "./topic_name.ts";

class Node<T> {
  children: Map<string, Node<T>> | undefined = undefined;
  value: T | undefined = undefined;
}

export class NameTree<T> {
  #root = new Node<T>();
  #size = 0;

  /** Number of Topic Names that have a value. */
  get size(): number {
    return this.#size;
  }

  get(name: TopicName): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (let start = 0; node !== undefined;) {
      const end = levelEnd(name, start);
      node = node.children?.get(name.slice(start, end));
      if (end === name.length) return node?.value;
      start = end + 1;
    }
    return undefined;
  }

  /** Sets the value of `name`. */
  set(name: TopicName, value: T): void {
    let node = this.#root;
    for (let start = 0; start <= name.length;) {
      const end = levelEnd(name, start);
      const level = name.slice(start, end);
      const children = node.children ??= new Map<string, Node<T>>();
      let child = children.get(level);
      if (child === undefined) children.set(level, child = new Node<T>());
      node = child;
      start = end + 1;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  /** Removes `name` and every branch that this leaves empty. Returns what stood there. */
  delete(name: TopicName): T | undefined {
    const removed = removeBelow(this.#root, name.split("/"), 0);
    if (removed !== undefined) this.#size--;
    return removed;
  }

  /**
   * Calls `visit` with the value of each Topic Name that `filter` matches: branch by branch, each in
   * insertion order, a level before the levels below it (for "a/#", "a" itself comes last).
   */
  match(filter: TopicFilter, visit: (value: T) => void): void {
    const levels = filter.split("/");
    if (levels[0] !== "#" && levels[0] !== "+") return matchBelow(this.#root, levels, 0, visit);
    // A leading wildcard does not match a Topic Name that begins with "$" [MQTT-4.7.2-1].
    for (const [level, child] of this.#root.children ?? []) {
      if (level.startsWith("$")) continue;
      if (levels[0] === "#") visitAll(child, visit);
      else matchBelow(child, levels, 1, visit);
    }
  }
}

/** Where the level of `name` that begins at `start` ends. Not split(): for a name that is new it costs three times as much. */
function levelEnd(name: string, start: number): number {
  const end = name.indexOf("/", start);
  return end < 0 ? name.length : end;
}

function matchBelow<T>(
  node: Node<T>,
  levels: readonly string[],
  depth: number,
  visit: (value: T) => void,
): void {
  const level = levels[depth];
  if (level === undefined) {
    if (node.value !== undefined) visit(node.value);
  } else if (level === "#") {
    for (const child of node.children?.values() ?? []) visitAll(child, visit);
    if (node.value !== undefined) visit(node.value);
  } else if (level === "+") {
    for (const child of node.children?.values() ?? []) matchBelow(child, levels, depth + 1, visit);
  } else {
    const child = node.children?.get(level);
    if (child !== undefined) matchBelow(child, levels, depth + 1, visit);
  }
}

function visitAll<T>(node: Node<T>, visit: (value: T) => void): void {
  if (node.value !== undefined) visit(node.value);
  for (const child of node.children?.values() ?? []) visitAll(child, visit);
}

function removeBelow<T>(node: Node<T>, levels: readonly string[], depth: number): T | undefined {
  const level = levels[depth];
  if (level === undefined) {
    const value = node.value;
    node.value = undefined;
    return value;
  }
  const child = node.children?.get(level);
  if (child === undefined) return undefined;
  const removed = removeBelow(child, levels, depth + 1);
  if (child.value === undefined && child.children === undefined) {
    node.children!.delete(level);
    if (node.children!.size === 0) node.children = undefined;
  }
  return removed;
}
