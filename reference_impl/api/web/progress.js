/**
 * How far a reader of a stream has come: every message of the log is let through once.
 *
 * The position moves by whole windows: what a crowded stream shows of one has no id, the window's `shed` has it. Whoever
 * is cut within a window is told it again, so what was shown beyond the position is remembered. A log that was begun
 * anew says so by a gap, which leads to wherever that log is.
 */

import { compare, placeOf, positionOf } from "./api.js";

const AHEAD_MAX = 10_000; // places that are remembered; then the oldest are forgotten
const RANGES = new Set(["gap", "shed"]); // about many places; their own is that of the last one

export class Progress {
  #ahead = new Set();
  cursor;

  constructor(cursor) {
    this.cursor = cursor;
  }

  /** The message as far as it is new, or null; what has no place in the log is always new. */
  take(message) {
    const place = placeOf(message);
    if (!place) return message;
    const range = RANGES.has(message.event);
    const anew = message.event === "gap" && message.data.reason === "epoch";
    const [at, before] = [positionOf(place), positionOf(this.cursor)];
    if (!anew && compare(at, before) <= 0) return null;
    const known = this.#ahead.has(place) && !range;
    if (message.id) this.#goTo(message.id, anew);
    else this.#remember(place);
    if (known) return null;
    return range && at.epoch === before.epoch && !anew ? unread(message, before) : message;
  }

  #goTo(cursor, anew) {
    this.cursor = cursor;
    const at = positionOf(cursor);
    for (const place of this.#ahead) {
      if (anew || compare(positionOf(place), at) <= 0) this.#ahead.delete(place);
    }
  }

  #remember(place) {
    this.#ahead.add(place);
    if (this.#ahead.size > AHEAD_MAX) this.#ahead.delete(this.#ahead.values().next().value);
  }
}

/** What of a range the reader does not have. */
function unread(message, { seq }) {
  return { ...message, data: { ...message.data, from: Math.max(message.data.from, seq + 1) } };
}
