// Parts: what every handler of the broker works with. The Broker makes them once and hands them on.

import type { TopicNameCache } from "../packet/topic_name_cache.ts";
import type { SessionEnvironment } from "../session/session_ports.ts";
import type { BufferPool } from "./buffer_pool.ts";
import type { Connection } from "./connection.ts";
import type { Deadlines } from "./deadlines.ts";
import type { DenialLog } from "./denial_log.ts";
import type { DropLog } from "./drop_log.ts";
import type { Journal } from "./journal.ts";
import type { Limits } from "./limits.ts";
import type { Output } from "./output.ts";
import type { Ports } from "./ports.ts";
import type { RetainedStore } from "./retained_store.ts";
import type { Router } from "./router.ts";
import type { SessionLifecycle } from "./session_lifecycle.ts";
import type { Sessions } from "./sessions.ts";
import type { Statistics } from "./statistics.ts";

/** Milliseconds since 1970 that never run backwards; set by whoever calls into the broker. */
export interface BrokerTime {
  nowMs: number;
}

export interface Parts {
  /** Tells the broker from all others. */
  readonly id: () => string;
  readonly ports: Ports;
  /** Those of the broker as a whole; a listener's are in its policy. A reload replaces them. */
  limits: Limits;
  readonly time: BrokerTime;
  readonly statistics: Statistics;
  readonly deadlines: Deadlines;
  readonly topicNames: TopicNameCache;
  readonly buffers: BufferPool;
  readonly router: Router;
  readonly retained: RetainedStore;
  readonly sessions: Sessions;
  readonly environment: SessionEnvironment;
  readonly journal: Journal;
  readonly denials: DenialLog;
  readonly drops: DropLog;
  readonly lifecycle: SessionLifecycle;
  /** All connections, those before CONNECT included. */
  readonly connections: Set<Connection>;
  /** Connections that may go on with what they had read already. */
  readonly resumed: Connection[];
  /** Output that waits for the end of this batch of input. */
  readonly unflushed: Output[];
  /** Lets {@link resumed} go on and {@link unflushed} be written when the current batch of input is processed. */
  requestFlush(): void;
}
