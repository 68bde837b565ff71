/**
 * What a tab that leads remembers for the ones that follow it: how the stream stands, and the latest messages of the
 * log, so that a tab that comes late goes on where its page of history ends.
 */

import { compare, cursorOf, placeOf, positionOf } from "./api.js";

const MESSAGES_MAX = 1_000;
const LATEST = new Set(["viewers", "room"]); // of these the last one says it all

export class Backlog {
  #floor; // the cursor before the first message that is kept
  #head;
  #messages = [];
  #standing = null; // the data of a greeting, as it would be now
  #latest = new Map();

  constructor(cursor) {
    this.#floor = this.#head = cursor;
  }

  add(message) {
    const { event, id, data } = message;
    if (event === "hello") this.#standing = { ...data, server_time_ms: undefined }; // it is old when it is handed on
    else if (this.#standing) this.#standing = changed(this.#standing, event, data);
    if (LATEST.has(event)) this.#latest.set(event, message);
    if (!placeOf(message)) return;
    if (id) this.#head = id;
    this.#messages.push(message);
    if (this.#messages.length > MESSAGES_MAX) this.#forget();
  }

  /** Of a window nothing is kept when its first comment is not. */
  #forget() {
    const last = this.#messages.findIndex(({ id }) => id);
    this.#floor = this.#messages[last]?.id ?? this.#floor;
    this.#messages.splice(0, last + 1);
  }

  /** All that a reader who has come so far needs; what is not kept any more is told as a gap. */
  since(cursor) {
    const hello = this.#standing ? [{ event: "hello", data: this.#standing }] : [];
    return [...hello, ...this.#latest.values(), ...this.#after(cursor)];
  }

  #after(cursor) {
    const [at, floor, head] = [cursor, this.#floor, this.#head].map(positionOf);
    if (at.epoch !== head.epoch) return [gap("epoch", 1, head)];
    const kept = this.#messages.filter((message) => compare(positionOf(placeOf(message)), at) > 0);
    const tooFar = floor.epoch === at.epoch && at.seq < floor.seq;
    return tooFar ? [gap("too_old", at.seq + 1, floor), ...kept] : kept;
  }
}

function gap(reason, from, { epoch, seq }) {
  return { event: "gap", id: cursorOf(epoch, seq), data: { from, to: seq, count: seq - from + 1, reason } };
}

function changed(standing, event, data) {
  const ofPinned = standing.pinned && data.comment_id === standing.pinned.id;
  if (event === "pin" || (event === "edit" && ofPinned)) return { ...standing, pinned: data.comment };
  if (event === "unpin" || (event === "delete" && ofPinned)) return { ...standing, pinned: null };
  if (event === "state") return { ...standing, state: data.state };
  return standing;
}
