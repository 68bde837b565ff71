/**
 * What of a stream's segments is new to a reader who has come so far, and what cannot be had from them any more.
 *
 * Pure: it is given manifests and segments, and asks for nothing. A manifest lists seconds of the log, oldest first, as
 * { offset, revision, first, last }.
 */

import { compare, cursorOf, placeOf, positionOf } from "./api.js";

export class Reading {
  #at;
  #offset = null; // of the last segment that was read
  begin = null; // the next manifest is to begin with this second, and not 30 s ago

  constructor(cursor) {
    this.#at = positionOf(cursor);
  }

  /** Answers { known, listed }: messages that need no segment, and the segments that are to be read. */
  take({ head, segments, next_from: nextFrom }) {
    const [end, latest] = [positionOf(head), this.begin === null];
    this.begin = null;
    if (end.epoch !== this.#at.epoch) return { known: this.#change(end), listed: [] };
    const listed = segments.filter(({ last }) => last > this.#at.seq);
    const missed = (listed.length > 0 ? listed[0].first - 1 : end.seq) - this.#at.seq;
    if (latest && missed > 0 && this.#offset !== null) {
      this.begin = this.#offset;
      return { known: [], listed: [] };
    }
    if (!latest && segments.length > 0) this.begin = nextFrom ?? null;
    const lost = missed > 0 && (listed.length > 0 || this.begin === null);
    return { known: lost ? [this.#skip(missed)] : [], listed };
  }

  /** The new messages of a segment; null if it is another log's, which a cache may still have at the same address. */
  read({ offset, last }, { epoch, items }) {
    const at = this.#at;
    if (epoch !== at.epoch) return null;
    this.#at = { epoch, seq: last };
    this.#offset = offset;
    return items.filter((item) => !placeOf(item) || compare(positionOf(placeOf(item)), at) > 0);
  }

  /** The segments must be listed anew, as everybody does it. */
  again() {
    this.begin = null;
  }

  /** Go over to a log that was begun anew; a cache may still tell of the one before it. */
  #change(end) {
    if (end.epoch < this.#at.epoch) return [];
    this.#at = end;
    this.#offset = null;
    return [gap(1, end, "epoch")];
  }

  #skip(missed) {
    const from = this.#at.seq + 1;
    this.#at = { ...this.#at, seq: this.#at.seq + missed };
    return gap(from, this.#at, "too_old");
  }
}

function gap(from, { epoch, seq }, reason) {
  return { event: "gap", id: cursorOf(epoch, seq), data: { from, to: seq, count: seq - from + 1, reason } };
}
