// Who may do what: the port through which the broker asks. Its answers are taken to hold until the broker
// is told that the rules have changed, and are remembered with the routes of a Topic Name.

import type { TopicFilter } from "../topic/topic_filter.ts";
import type { TopicName } from "../topic/topic_name.ts";

/** Whom a rule is about. */
export interface ClientIdentity {
  readonly clientId: string;
  readonly userName: string | undefined;
}

export interface Authorizer {
  /** May `client` publish to `topicName`? Asked for each PUBLISH and for Will Messages. */
  mayPublish(client: ClientIdentity, topicName: TopicName): boolean;
  /** May `client` receive what is published to `topicName`? */
  mayReceive(client: ClientIdentity, topicName: TopicName): boolean;
  /** May `client` subscribe to `filter`? */
  maySubscribe(client: ClientIdentity, filter: TopicFilter): boolean;
  /** Why not: what a log line says behind a colon. Asked now and then, about what was just denied. */
  explainDenial?(
    client: ClientIdentity,
    access: "read" | "write",
    topicName: TopicName,
  ): string;
}

/** Allows everything. */
export const ALLOW_EVERYTHING: Authorizer = {
  mayPublish: () => true,
  mayReceive: () => true,
  maySubscribe: () => true,
};
