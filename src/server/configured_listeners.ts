// ConfiguredListeners: the listeners that a configuration names, each with its policy, its layers and who
// may come in by it. A reload plans all of them anew; what stays the same is not touched.

import type { Authenticator } from "../access/authenticator.ts";
import { DEFAULT_POLICY, type ListenerPolicy } from "../broker/listener_policy.ts";
import { type Config, limitsOf, type Listener } from "../config/schema.ts";
import type { ListenAddress } from "../transport/address.ts";
import type { ListenerOptions } from "../transport/listener.ts";
import type { AccessContents } from "./access_files.ts";
import { type AccessTools, LeftRules, ListenerAccess } from "./listener_access.ts";
import { ListenerLayers } from "./listener_layers.ts";
import { listenerNames } from "./listener_names.ts";
import { byAddresses } from "./listener_set.ts";
import { listenerKey, type TlsContents } from "./tls_files.ts";

/** One listener that is open, or may be. */
interface Known {
  readonly listener: Listener;
  readonly access: ListenerAccess;
  readonly layers: ListenerLayers;
  readonly options: ListenerOptions & { readonly policy: ListenerPolicy };
}

/** What the files say that the listeners name. */
export interface ListenerFiles {
  readonly contents: AccessContents;
  readonly tls: ReadonlyMap<string, TlsContents>;
}

/** What a configuration asks for; nothing has taken effect. */
export interface ListenerPlan {
  readonly listeners: readonly ListenerOptions[];
  /** From now on the plan holds. */
  commit(): ListenerReplacement;
  /** The plan is given up. */
  rollback(): void;
}

/** What has become of the listeners that there were, by the policies of their connections. */
export interface ListenerReplacement {
  /** The policy that a connection gets; undefined: its listener is gone. */
  policyFor(policy: ListenerPolicy): ListenerPolicy | undefined;
  /** Whether connections must end: the listener is gone, or protected in another way. */
  isEnded(policy: ListenerPolicy): boolean;
  /** The listener of before, and the one in its place; undefined: there is none. */
  listenersOf(
    policy: ListenerPolicy,
  ): { readonly was: Listener; readonly is: Listener } | undefined;
}

export class ConfiguredListeners implements Disposable {
  readonly #tools: AccessTools;
  readonly #leftRules = new LeftRules();
  #known: ReadonlyMap<string, Known> = new Map();

  constructor(tools: AccessTools) {
    this.#tools = tools;
  }

  /** @param addresses those of each listener. */
  plan(
    config: Config,
    addresses: readonly (readonly ListenAddress[])[],
    files: ListenerFiles,
  ): ListenerPlan {
    const names = listenerNames(config.listeners);
    const wanted = config.listeners.map((listener, i) => ({
      listener,
      name: names[i]!,
      addresses: addresses[i]!,
    }));
    const next = new Map<string, Known>();
    const added: ListenerAccess[] = [];
    for (const [key, { addresses, listener, name }] of byAddresses(wanted)) {
      const known = this.#known.get(key);
      const access = known?.access ?? new ListenerAccess(this.#tools);
      if (known === undefined) {
        access.configure(listener, files.contents);
        added.push(access);
      }
      const policy = policyOf(config, listener, name, access);
      const layers = known !== undefined && isSameTransport(known.listener, listener)
        ? known.layers
        : new ListenerLayers(listener, files.tls.get(listenerKey(listener)), this.#tools.log);
      next.set(key, {
        listener,
        access,
        layers,
        options: {
          addresses,
          maximumConnections: listener.maximumConnections,
          policy: known !== undefined && isSamePolicy(known.options.policy, policy)
            ? known.options.policy
            : policy,
          layers: layers.all,
        },
      });
    }
    return {
      listeners: [...next.values()].map(({ options }) => options),
      commit: () => this.#commit(next, files),
      rollback: () => {
        for (const access of added) access[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    for (const { access } of this.#known.values()) access[Symbol.dispose]();
  }

  #commit(
    next: ReadonlyMap<string, Known>,
    { contents, tls }: ListenerFiles,
  ): ListenerReplacement {
    const before = this.#known;
    this.#known = next;
    this.#leftRules.update(contents);
    const pairs = new Map<Authenticator, { readonly was: Known; readonly is?: Known }>();
    for (const [key, was] of before) {
      const is = next.get(key);
      pairs.set(was.access, { was, ...is && { is } });
      if (is !== undefined) {
        is.access.configure(is.listener, contents);
        is.layers.replace(tls.get(listenerKey(is.listener)));
      } else {
        was.access.rules.update(contents);
        this.#leftRules.add(was.access.rules);
        was.access[Symbol.dispose]();
      }
    }
    // A connection may have an older policy than its listener, but always that listener's Authenticator.
    const pairOf = ({ authenticator }: ListenerPolicy) => pairs.get(authenticator);
    return {
      policyFor: (policy) => pairOf(policy)?.is?.options.policy,
      isEnded: (policy) => {
        const pair = pairOf(policy);
        if (pair === undefined) return false;
        return pair.is === undefined || !isSameTransport(pair.was.listener, pair.is.listener);
      },
      listenersOf: (policy) => {
        const { was, is } = pairOf(policy) ?? {};
        return was && is && { was: was.listener, is: is.listener };
      },
    };
  }
}

function policyOf(
  config: Config,
  listener: Listener,
  name: string,
  access: ListenerAccess,
): ListenerPolicy {
  return {
    ...DEFAULT_POLICY,
    name,
    limits: limitsOf(config, listener),
    authenticator: access,
    authorizer: access.rules,
    acceptedVersions: listener.acceptedVersions,
    assignsClientIds: listener.assignsClientIds,
    autoIdPrefix: listener.autoIdPrefix,
    clientIdPrefixes: listener.clientIdPrefixes.length === 0
      ? undefined
      : listener.clientIdPrefixes,
    usesUserNameAsClientId: listener.usesUserNameAsClientId,
    certifiesUserNames: certifiesUserNames(listener),
    mountPoint: listener.mountPoint,
  };
}

/** Of the same listener, that is: with the same objects that decide. */
function isSamePolicy(a: ListenerPolicy, b: ListenerPolicy): boolean {
  const settings = ({ authenticator: _, authorizer: __, ...rest }: ListenerPolicy) => rest;
  return JSON.stringify(settings(a)) === JSON.stringify(settings(b));
}

/** Whether connections come through the same layers, and are protected alike: a renewed certificate is no matter. */
function isSameTransport(a: Listener, b: Listener): boolean {
  const transport = ({ kind, protocol, tls, webSocket, proxyProtocol }: Listener) => {
    const settings = tls && { ...tls, certFile: "", keyFile: "" };
    return JSON.stringify([kind, protocol, settings, webSocket, proxyProtocol]);
  };
  return transport(a) === transport(b);
}

/** Whether the User Name is what a certificate says: the Client's own, or the one that a proxy saw. */
function certifiesUserNames({ tls, proxyProtocol }: Listener): boolean {
  return [tls?.userNameFrom, proxyProtocol?.userNameFrom].some((from) =>
    from !== undefined && from !== "connect"
  );
}
