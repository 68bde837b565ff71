/**
 * What a tab that leads remembers for the ones that follow it: how the stream stands, and the latest messages of the
 * log, so that a tab that comes late goes on where its page of history ends.
 */

import { compare, cursorOf, positionOf } from "./api.js";

const MESSAGES_MAX = 1_000;

export class Backlog {
  #floor; // the cursor before the first message that is kept
  #head;
  #messages = [];
  #standing = null; // the data of a greeting, as it would be now
  #viewers = null;

  constructor(cursor) {
    this.#floor = this.#head = cursor;
  }

  add(message) {
    const { event, id, data } = message;
    if (event === "hello") this.#standing = { ...data, server_time_ms: undefined }; // it is old when it is handed on
    else if (this.#standing) this.#standing = changed(this.#standing, event, data);
    if (event === "viewers") this.#viewers = message;
    if (!id) return;
    this.#head = id;
    this.#messages.push(message);
    if (this.#messages.length > MESSAGES_MAX) this.#floor = this.#messages.shift().id;
  }

  /** All that a reader who has come so far needs; what is not kept any more is told as a gap. */
  since(cursor) {
    const hello = this.#standing ? [{ event: "hello", data: this.#standing }] : [];
    return [...hello, ...(this.#viewers ? [this.#viewers] : []), ...this.#after(cursor)];
  }

  #after(cursor) {
    const [at, floor, head] = [cursor, this.#floor, this.#head].map(positionOf);
    if (at.epoch !== head.epoch) return [gap("epoch", 1, head)];
    const kept = this.#messages.filter(({ id }) => compare(positionOf(id), at) > 0);
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
