// Statistics: what the broker counts since its start. Plain fields: counting is on the hot path.

export class Statistics {
  /** Control Packets. */
  messagesReceived = 0;
  messagesSent = 0;
  bytesReceived = 0;
  bytesSent = 0;
  publishReceived = 0;
  publishSent = 0;
  /** PUBLISHes that a Session should have had and did not get. */
  publishDropped = 0;
  /** PUBLISHes and Will Messages whose Client was not allowed to publish them. */
  publishDenied = 0;
  /** Payload bytes. */
  publishBytesReceived = 0;
  publishBytesSent = 0;
  /** Connections accepted. */
  socketsAccepted = 0;
  /** CONNECTs accepted. */
  connectsAccepted = 0;
  /** Sessions that ended because their Session Expiry Interval passed. */
  sessionsExpired = 0;
}
