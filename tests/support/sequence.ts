// Scripted sequences: what clients send and what they get, as data. A script is a list of steps;
//
//   send("ann", …)      "ann" sends packets; a client that has no connection opens one first
//   expect("ann", …)    exactly these packets have come to "ann", in this order, byte for byte
//   ended("ann", 0x8e)  and then the broker ended the connection: with DISCONNECT in MQTT 5.0
//   advance(1000)       time passes
//
// Whatever else came is a failure: before each step that makes something happen, and at the end of the
// script, every client must have been asked for all that it got.
//
// Each script runs for each of its versions, and for each with packets whole and byte by byte.

import assert from "node:assert/strict";
import { PACKET_NAMES, type ProtocolVersion } from "../../src/packet/packet_type.ts";
import { type Peer, SansIoBroker, type SansIoBrokerOptions } from "./sans_io_broker.ts";
import { ScriptedAuthenticator } from "./sequence_authenticator.ts";
import { bytesFor, connack, connect, type What } from "./sequence_packets.ts";

export interface Sequence {
  /** A sentence: what the specification says. */
  readonly name: string;
  /** Normative statements that it holds the broker to: of MQTT 5.0, or else of the versions it is for. */
  readonly ids?: readonly string[];
  /** Versions of the clients; default 4 and 5. */
  readonly versions?: readonly ProtocolVersion[];
  /** Clients that speak another version than the script is run for. */
  readonly clients?: Readonly<Record<string, ProtocolVersion>>;
  readonly broker?: SansIoBrokerOptions;
  /** True leaves the run byte by byte out: for scripts of very many packets. */
  readonly onlyWhole?: true;
  /** Puts a {@link ScriptedAuthenticator} in, and says when it answers. */
  readonly authenticator?: "at once" | "later";
  readonly script: readonly (Step | readonly Step[])[];
}

/** One step. `does` is false for those that only look. */
export interface Step {
  readonly label: string;
  readonly does: boolean;
  run(stage: Stage): void;
}

// ------------------------------------------------------------------------------------------- steps

/** `name` sends `packets` in one go. */
export function send(name: string, ...packets: What[]): Step {
  return doing(`${name} sends`, (stage) => {
    const peer = stage.peers.get(name) ?? stage.open(name);
    peer.send(...packets.map((packet) => bytesFor(packet, peer.version)));
  });
}

/** Exactly `packets` have come to `name`, and the connection stands unless {@link ended} follows. */
export function expect(name: string, ...packets: What[]): Step {
  return looking(`${name} gets`, (stage) => {
    const peer = stage.peer(name);
    stage.compare(name, packets.map((packet) => bytesFor(packet, peer.version)));
  });
}

/**
 * The broker has ended the connection of `name`: with a DISCONNECT with `reasonCode` in MQTT 5.0,
 * without a packet in MQTT 3, and wherever there is no `reasonCode`.
 */
export function ended(name: string, reasonCode?: number): Step {
  return looking(`${name} is disconnected`, (stage) => {
    const peer = stage.peer(name);
    if (reasonCode !== undefined && peer.version === 5) {
      stage.compare(name, [Uint8Array.of(0xe0, 1, reasonCode)]);
    }
    assert.ok(peer.end !== undefined, `${name} is still connected`);
    if (reasonCode !== undefined && peer.version === 5) assert.equal(peer.end, "gracefully");
    stage.forget(name);
  });
}

/** A CONNECT was answered with `reasonCode`, or in MQTT 3 with `returnCode`, and the connection ended. */
export function refused(
  name: string,
  reasonCode: number,
  returnCode?: number,
  properties: readonly number[] = [],
): Step {
  return looking(`${name} is refused`, (stage) => {
    const peer = stage.peer(name);
    const code = peer.version === 5 ? reasonCode : returnCode;
    const v5 = peer.version === 5;
    const bytes = code === undefined
      ? []
      : v5
      ? [Uint8Array.of(0x20, 3 + properties.length, 0, code, properties.length, ...properties)]
      : [Uint8Array.of(0x20, 2, 0, code)];
    stage.compare(name, bytes);
    assert.ok(peer.end !== undefined, `${name} is still connected`);
    stage.forget(name);
  });
}

/** The connection of `name` breaks, without a DISCONNECT. */
export function hangUp(name: string): Step {
  return doing(`${name} hangs up`, (stage) => {
    stage.peer(name).hangUp();
    stage.forget(name);
  });
}

/** `name` stops taking what the broker writes, or takes it again. */
export function takesBytes(name: string, does: boolean): Step {
  return doing(`${name} ${does ? "reads again" : "does not read"}`, (stage) => {
    stage.peer(name).takesBytes = does;
    stage.broker.settle();
  });
}

/** Whether the broker reads from `name` now. */
export function isRead(name: string, expected: boolean): Step {
  return looking(`${name} is ${expected ? "read" : "held back"}`, (stage) => {
    assert.equal(stage.peer(name).isRead, expected);
  });
}

export function advance(ms: number): Step {
  return doing(`${ms} ms pass`, (stage) => stage.broker.advance(ms));
}

/** The server is told to stop. */
export function stopBroker(): Step {
  return doing("the broker stops", (stage) => stage.broker.stop());
}

/** The authenticator gives the oldest answer that is due. */
export function answer(): Step {
  return doing("the authenticator answers", (stage) => {
    stage.authenticator.answer();
    stage.broker.settle();
  });
}

/** The authenticator does not know `method` any more. */
export function forgetMethod(method: string): Step {
  return doing(`the authenticator forgets ${method}`, (stage) => {
    stage.authenticator.methods.delete(method);
  });
}

/** Something about the broker itself. */
export function check(label: string, look: (broker: SansIoBroker) => void): Step {
  return looking(label, (stage) => look(stage.broker));
}

/** Clients that connect with Clean Start and are accepted. */
export function connected(...names: string[]): Step[] {
  return names.flatMap((name) => [send(name, connect(name)), expect(name, connack)]);
}

function doing(label: string, run: (stage: Stage) => void): Step {
  return { label, does: true, run };
}

function looking(label: string, run: (stage: Stage) => void): Step {
  return { label, does: false, run };
}

// ------------------------------------------------------------------------------------------ runner

/** One run of one script. */
export class Stage {
  readonly broker: SansIoBroker;
  readonly authenticator: ScriptedAuthenticator;
  readonly peers = new Map<string, Peer>();
  readonly #version: ProtocolVersion;
  readonly #clients: Readonly<Record<string, ProtocolVersion>>;
  readonly #chunkSize: number;

  constructor(sequence: Sequence, version: ProtocolVersion, chunkSize: number) {
    const { authenticator } = sequence;
    this.authenticator = new ScriptedAuthenticator(authenticator === "later");
    this.broker = new SansIoBroker({
      ...sequence.broker,
      ...authenticator !== undefined && { authenticator: this.authenticator },
    });
    this.#version = version;
    this.#clients = sequence.clients ?? {};
    this.#chunkSize = chunkSize;
  }

  open(name: string): Peer {
    const peer = this.broker.connect(this.#clients[name] ?? this.#version);
    peer.chunkSize = this.#chunkSize;
    this.peers.set(name, peer);
    return peer;
  }

  peer(name: string): Peer {
    const peer = this.peers.get(name);
    assert.ok(peer !== undefined, `the script knows no connection of ${name}`);
    return peer;
  }

  forget(name: string): void {
    this.expectNothingElse(name);
    this.peers.delete(name);
  }

  /** Fails unless exactly `expected` has come to `name`. */
  compare(name: string, expected: readonly Uint8Array[]): void {
    const actual = this.peer(name).takeFrames();
    assert.deepEqual(actual.map(describe), expected.map(describe));
  }

  expectNothingElse(name: string): void {
    const peer = this.peer(name);
    const more = peer.takeFrames().map(describe);
    assert.deepEqual(more, [], `${name} gets something else`);
    assert.equal(peer.unreadBytes, 0, `${name} gets a part of a packet`);
  }

  /** Fails if a client got something, or was disconnected, and the script does not say so. */
  expectQuiet(): void {
    for (const [name, peer] of this.peers) {
      this.expectNothingElse(name);
      assert.equal(peer.end, undefined, `${name} is disconnected`);
    }
  }
}

function describe(frame: Uint8Array): string {
  const digits = [...frame].map((byte) => byte.toString(16).padStart(2, "0"));
  return `${PACKET_NAMES[frame[0]! >> 4]} ${digits.join(" ")}`;
}

function run(sequence: Sequence, version: ProtocolVersion, chunkSize: number): void {
  const stage = new Stage(sequence, version, chunkSize);
  let at = "the start";
  let number = 0;
  try {
    for (const step of sequence.script.flat()) {
      if (step.does) stage.expectQuiet();
      at = `step ${++number}: ${step.label}`;
      step.run(stage);
    }
    stage.expectQuiet();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const how = chunkSize === 1 ? "byte by byte" : "in whole packets";
    error.message = `${at} (${how}): ${error.message}`;
    throw error;
  }
}

const VERSION_NAMES = { 3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5.0" } as const;

/** Makes a test of each sequence and each of its versions. */
export function testSequences(theme: string, sequences: readonly Sequence[]): void {
  for (const sequence of sequences) {
    const { versions = [4, 5], ids = [] } = sequence;
    const cited = ids.map((id) => ` [${id}]`).join("");
    for (const version of versions) {
      const isCited = version === 5 || !versions.includes(5);
      Deno.test(`${theme}, ${VERSION_NAMES[version]}: ${sequence.name}${isCited ? cited : ""}`, () => {
        run(sequence, version, Infinity);
        if (!sequence.onlyWhole) run(sequence, version, 1);
      });
    }
  }
}
