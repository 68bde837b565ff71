/**
 * How far a reader of a stream has come: every message of the log is let through once, and none after a later one.
 *
 * A log that was begun anew says so by a gap, which leads to wherever that log is.
 */

import { compare, positionOf } from "./api.js";

export class Progress {
  cursor;

  constructor(cursor) {
    this.cursor = cursor;
  }

  /** The message as far as it is new, or null; what has no place in the log is always new. */
  take(message) {
    if (!message.id) return message;
    const anew = message.event === "gap" && message.data.reason === "epoch";
    const [at, before] = [positionOf(message.id), positionOf(this.cursor)];
    if (!anew && compare(at, before) <= 0) return null;
    this.cursor = message.id;
    return message.event === "gap" && at.epoch === before.epoch && !anew ? unread(message, before) : message;
  }
}

/** What of a gap's range the reader does not have. */
function unread(message, { seq }) {
  return { ...message, data: { ...message.data, from: Math.max(message.data.from, seq + 1) } };
}
