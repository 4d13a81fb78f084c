// What the main thread and the worker of the store say to each other.

import type { Durability } from "./open_database.ts";
import type { FileIdentity } from "./store_file.ts";
import type { StoreProblem } from "./store_error.ts";

export type ToWorker =
  | {
    readonly type: "open";
    readonly path: string;
    readonly durability: Durability;
    /** Which file it was for the worker before this one: no other one, and no new one, may take its place. */
    readonly identity: FileIdentity | undefined;
  }
  /** `batch` is transferred. */
  | { readonly type: "commit"; readonly batch: Uint8Array<ArrayBuffer> }
  /** Try the batch that failed again, now. */
  | { readonly type: "retry" }
  | { readonly type: "backup"; readonly path: string }
  /** Try once more what is left, and end. */
  | { readonly type: "close" };

export type FromWorker =
  | { readonly type: "opened"; readonly identity: FileIdentity }
  | {
    readonly type: "notOpened";
    readonly problem: StoreProblem;
    readonly reason: string;
    readonly advice: string;
  }
  | { readonly type: "committed"; readonly cost: CommitCost }
  | { readonly type: "failing"; readonly reason: string }
  | { readonly type: "backedUp"; readonly reason: string | undefined }
  /** `reason`: why the batch in hand was not stored. */
  | { readonly type: "closed"; readonly reason: string | undefined };

export interface CommitCost {
  /** In the worker, waiting for its disk included. */
  readonly milliseconds: number;
  /** Bytes written to the write-ahead log. */
  readonly logBytes: number;
  /** Bytes that this commit moved from the log into the database, at most. */
  readonly databaseBytes: number;
}
