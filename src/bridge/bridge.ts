// Bridge: the life of one link to another broker: when it connects, to which address, how long it waits, and what
// it tells about that.
//
//   waiting --due--> connecting --CONNACK, SUBACK--> connected --end--> waiting      automatic
//                        '------------failed-----------------------------^
//   idle --threshold messages wait--> connecting ... connected --nothing to do--> idle        lazy
//   connecting ... connected --end--> over                                                    once

import type { Log, LogLevel } from "../broker/ports.ts";
import { Backoff } from "./backoff.ts";
import { BridgeReport } from "./bridge_report.ts";
import { LocalEnd, type LocalSide } from "./local_end.ts";
import type { PathMarks } from "./path_mark.ts";
import { PrimaryProbe } from "./primary_probe.ts";
import type { BridgeCounters } from "./relay.ts";
import type { BridgeAddress, BridgeSettings } from "./settings.ts";
import { keepsLocalSession, Span, type SpanEnd } from "./span.ts";
import { TopicMap } from "./topic_map.ts";

/** Longest wait until the next address of a list is tried. */
const NEXT_ADDRESS_MS = 1_000;
/** Milliseconds between two lines about messages that were thrown away. */
const WARNING_PERIOD_MS = 10_000;

export type BridgeState = "waiting" | "connecting" | "connected" | "idle" | "over" | "stopped";

export interface BridgeParts {
  readonly side: Omit<LocalSide, "name" | "clientId" | "userName" | "queueLimits">;
  readonly marks: PathMarks;
  readonly log: Log;
  /** A mistake of ours. */
  readonly onFault: (error: unknown) => void;
}

export class Bridge {
  readonly settings: BridgeSettings;
  readonly counters: BridgeCounters = {
    sent: 0,
    received: 0,
    dropped: 0,
    overflowed: 0,
    looped: 0,
  };
  readonly #parts: BridgeParts;
  readonly #side: LocalSide;
  readonly #topics: TopicMap;
  readonly #backoff: Backoff;
  readonly #probe: PrimaryProbe;
  readonly #report: BridgeReport;
  #state: BridgeState = "waiting";
  /** Why it is not connected, in words. */
  #reason = "it has just been started";
  #dueMs = 0;
  #addressIndex = 0;
  /** Attempts since the last wait. */
  #attempts = 0;
  #span: Span | undefined = undefined;
  #lastTrafficMs = 0;
  /** Whether the next attempt, or this connection, says that we are a bridge. */
  #isPrivate: boolean;
  /** How often the remote broker has closed such a connection instead of an answer. */
  #closings = 0;
  #lastWarningMs = -WARNING_PERIOD_MS;

  constructor(settings: BridgeSettings, parts: BridgeParts) {
    this.settings = settings;
    this.#parts = parts;
    this.#side = {
      ...parts.side,
      name: settings.name,
      clientId: settings.local.clientId,
      userName: settings.local.userName,
      queueLimits: {
        messages: settings.local.maximumQueuedMessages,
        bytes: settings.local.maximumQueuedBytes,
        dropsOldest: settings.local.dropsOldest,
        onDrop: () => {
          this.counters.dropped++;
          this.counters.overflowed++;
        },
      },
    };
    this.#topics = new TopicMap(settings.topics);
    this.#backoff = new Backoff(settings.restart);
    this.#probe = new PrimaryProbe(settings);
    this.#report = new BridgeReport(this.#side.broker, settings, parts.side.clock);
    this.#isPrivate = settings.remote.triesPrivate;
  }

  get state(): BridgeState {
    return this.#state;
  }

  /** What it is at, in words. */
  get detail(): string {
    const { host, port } = this.#address;
    if (this.#state === "idle") return `starts when ${this.settings.threshold} messages wait`;
    if (this.#state === "connected") return `connected to ${host}:${port}`;
    if (this.#state === "connecting") return `connecting to ${host}:${port}`;
    if (this.#state !== "waiting") return this.#reason;
    const at = new Date(Date.now() + this.#dueMs - this.#side.clock());
    return `${this.#reason}; next try at ${at.toTimeString().slice(0, 8)}, ${host}:${port}`;
  }

  get #address(): BridgeAddress {
    return this.settings.addresses[this.#addressIndex]!;
  }

  /** Makes the Session here, so that messages wait for the remote broker from now on, and begins to connect. */
  start(): void {
    this.#report.connected(false);
    this.#become("connecting");
    this.#prepareSession(() => {
      if (this.settings.start === "lazy") this.#become("idle");
      else this.#connect();
    });
  }

  /**
   * Ends the connection.
   * @param endsSession whether what waits for the remote broker is thrown away.
   */
  stop(endsSession: boolean): void {
    const span = this.#span;
    const wasConnected = this.#state === "connected";
    this.#span = undefined;
    this.#reason = "the bridge was stopped";
    this.#become("stopped");
    span?.leave(endsSession);
    if (endsSession) this.#endSession();
    if (wasConnected) this.#report.connected(false);
    if (endsSession) this.#report.remove();
    this.#probe.stop();
  }

  /** What is due at `nowMs`; to be called a few times a second. */
  tick(nowMs: number): void {
    this.#span?.tick(nowMs);
    switch (this.#state) {
      case "waiting":
        if (nowMs >= this.#dueMs) this.#connect();
        return;
      case "idle":
        if (this.#queued >= this.settings.threshold) this.#connect();
        return;
      case "connected":
        return this.#whileConnected(nowMs);
    }
  }

  /** Publishes state and counters to `$SYS`. */
  publishReport(): void {
    const { queuedMessages = 0, outbound } = this.#session ?? {};
    this.#report.publish({
      state: this.#state,
      detail: this.detail,
      queued: queuedMessages + (outbound?.size ?? 0),
      ...this.counters,
    });
  }

  get #session() {
    return this.#side.broker.session(this.#side.clientId);
  }

  /** Messages that wait, or are not acknowledged. */
  get #queued(): number {
    const session = this.#session;
    return session === undefined ? 0 : session.queuedMessages + session.outbound.size;
  }

  #whileConnected(nowMs: number): void {
    const { start, idleTimeoutMs } = this.settings;
    if (start === "lazy" && nowMs - this.#lastTrafficMs >= idleTimeoutMs && this.#queued === 0) {
      const span = this.#span!;
      this.#span = undefined;
      this.#log("notice", "there is nothing to do: disconnected.");
      this.#report.connected(false);
      span.leave(false);
      return this.#become("idle");
    }
    if (this.#addressIndex === 0 || this.settings.roundRobin) return;
    this.#probe.tick(nowMs, () => {
      if (this.#state !== "connected") return;
      this.#log("notice", "the first address answers again: it is returned to.");
      const span = this.#span!;
      this.#span = undefined;
      this.#report.connected(false);
      span.leave(false);
      this.#addressIndex = 0;
      this.#connect();
    });
  }

  #connect(): void {
    const { host, port } = this.#address;
    this.#attempts++;
    this.#become("connecting");
    this.#log("notice", `connecting to ${host}:${port}.`);
    const span: Span = new Span({
      settings: this.settings,
      address: this.#address,
      topics: this.#topics,
      side: this.#side,
      marks: this.settings.remote.marksPath ? this.#parts.marks : undefined,
      counters: this.counters,
      isPrivate: this.#isPrivate,
      onConnected: () => this.#onConnected(),
      onTraffic: () => void (this.#lastTrafficMs = this.#side.clock()),
      onEnd: (end) => {
        if (this.#span === span) this.#onEnd(end);
      },
      warn: (text) => this.#warn(text),
      onFault: this.#parts.onFault,
    });
    this.#span = span;
  }

  #onConnected(): void {
    const { host, port } = this.#address;
    const now = this.#side.clock();
    this.#lastTrafficMs = now;
    this.#attempts = 0;
    if (this.#isPrivate) this.#closings = 0;
    this.#become("connected");
    this.#probe.connected(this.#addressIndex, now);
    const { remote, topics } = this.settings;
    const echoes = !this.#isPrivate && remote.version !== 5 &&
      topics.some(({ direction }) => direction === "both");
    this.#log("notice", `connected to ${host}:${port}.`);
    if (echoes) {
      this.#warn(
        "its own messages come back from the remote broker, which knows no private bridges: use " +
          "bridge_protocol_version mqttv50 if it can",
      );
    }
    this.#report.connected(true);
  }

  #onEnd({ reason, connectedMs, disapproval }: SpanEnd): void {
    this.#span = undefined;
    const { addresses, start, remote } = this.settings;
    const wasConnected = this.#state === "connected";
    this.#reason = reason;
    if (wasConnected) this.#report.connected(false);
    if (start === "once") {
      this.#become("over");
      return this.#log("warning", `${reason}. It is not started again: start_type is once.`);
    }
    if (disapproval === "perhaps") this.#closings++;
    if (disapproval === "said" || (disapproval === "perhaps" && this.#closings > 1)) {
      this.#isPrivate = false; // the next attempt, at the same address, is without
      return this.#wait(Math.min(NEXT_ADDRESS_MS, this.settings.restart.baseMs));
    }
    // Without, our own messages come back: so it is never without for longer than it must be.
    if (!wasConnected && !this.#isPrivate) this.#closings = 0;
    this.#isPrivate = remote.triesPrivate;
    if (!wasConnected) this.#probe.failed(this.#addressIndex);
    this.#addressIndex = (this.#addressIndex + 1) % addresses.length;
    const isRoundOver = this.#attempts % addresses.length === 0;
    const waitMs = isRoundOver || wasConnected
      ? this.#backoff.next(connectedMs)
      : Math.min(NEXT_ADDRESS_MS, this.settings.restart.baseMs);
    this.#wait(waitMs);
  }

  #wait(waitMs: number): void {
    this.#dueMs = this.#side.clock() + waitMs;
    this.#become("waiting");
    this.#log("warning", `${this.detail}.`);
  }

  /** A connection of a moment: the Session is there and subscribed, so that messages wait in it. */
  #prepareSession(then: () => void): void {
    const local: LocalEnd = this.#momentaryEnd(this.settings.local.cleanStart, () => {
      local.leave();
      if (this.#state !== "stopped") then();
    });
    local.connect();
  }

  #endSession(): void {
    if (this.#session === undefined) return;
    const local: LocalEnd = this.#momentaryEnd(true, () => local.leaveForGood());
    local.connect();
  }

  #momentaryEnd(cleanStart: boolean, onReady: () => void): LocalEnd {
    return new LocalEnd(this.#side, {
      cleanStart,
      keepsSession: keepsLocalSession(this.settings),
      receiveMaximum: 1,
      filters: this.#topics.localFilters,
      wantsRetained: false,
      onReady,
      onPacket: () => {},
      onEnd: (reason) => {
        this.#reason = reason;
        if (this.#state !== "stopped") this.#wait(this.settings.restart.baseMs);
      },
      onPause: () => {},
      whenRoom: () => {},
      onFault: this.#parts.onFault,
    });
  }

  #become(state: BridgeState): void {
    this.#state = state;
    this.publishReport();
  }

  #warn(text: string): void {
    const now = this.#side.clock();
    if (now - this.#lastWarningMs < WARNING_PERIOD_MS) return;
    this.#lastWarningMs = now;
    this.#log("warning", `${text}.`);
  }

  #log(level: LogLevel, text: string): void {
    this.#parts.log.write(level, `Bridge ${this.settings.name}: ${text}`, "connection");
  }
}
