/**
 * The comments on the page, in order of their positions, each once.
 *
 * It is one stretch of the log; what was dropped from its old end stays out (`floor`): a late copy would
 * have a hole behind it.
 */

import { compare, cursorOf, positionOf } from "./api.js";
import { commentRow, gapRow } from "./row.js";

export class CommentList {
  #element;
  #entries = []; // { position, cursor, row, gap }; a gap has no cursor
  #cursors = new Set();
  #floor = null;

  constructor(element) {
    this.#element = element;
  }

  get length() {
    return this.#entries.length;
  }

  get rows() {
    return this.#element.children;
  }

  /** What history is asked with, `before` the oldest and `after` the newest; a gap ends at its last event. */
  get oldest() {
    const entry = this.#entries[0];
    return entry && cursorOf(entry.position.epoch, entry.position.seq);
  }

  get newest() {
    const entry = this.#entries.at(-1);
    return entry && cursorOf(entry.position.epoch, entry.gap?.to ?? entry.position.seq);
  }

  reset(page) {
    this.#entries = [];
    this.#cursors.clear();
    this.#element.replaceChildren();
    this.lowerFloor(page);
    page.items.forEach((comment) => this.add(comment));
  }

  /** Let everything from the page's beginning in. */
  lowerFloor(page) {
    this.#floor = positionOf(page.prev_cursor);
  }

  /** Show a comment; false when it is there already, or below the floor. */
  add(comment) {
    const position = positionOf(comment.cursor);
    if (this.#cursors.has(comment.cursor) || (this.#floor && compare(position, this.#floor) < 0)) return false;
    this.#cursors.add(comment.cursor);
    this.#insert({ position, cursor: comment.cursor, id: comment.id, row: commentRow(comment) });
    return true;
  }

  /** Show a comment as it is now, if it is on the page. */
  change(comment) {
    const entry = this.#entries.findLast(({ id }) => id === comment.id);
    if (!entry) return;
    const row = commentRow(comment);
    entry.row.replaceWith(row);
    entry.row = row;
  }

  /** Mark the missing range `from..to`; the entry is the handle for `remove`. */
  addGap(gap, onLoad) {
    const position = { epoch: gap.epoch, seq: gap.from };
    const entry = { position, cursor: null, row: gapRow(gap.to - gap.from + 1, () => onLoad(entry)), gap };
    this.#insert(entry);
    return entry;
  }

  has(entry) {
    return this.#entries.includes(entry);
  }

  remove(entry) {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    this.#forget(entry);
  }

  dropOldest(count) {
    const dropped = this.#entries.splice(0, count);
    dropped.forEach((entry) => this.#forget(entry));
    this.#floor = this.#entries[0]?.position ?? this.#floor;
  }

  dropNewest(count) {
    this.#entries.splice(-count, count).forEach((entry) => this.#forget(entry));
  }

  #insert(entry) {
    // Nearly all comments belong at the end, so the search starts there.
    let index = this.#entries.length;
    while (index > 0 && compare(this.#entries[index - 1].position, entry.position) > 0) index -= 1;
    this.#element.insertBefore(entry.row, this.#entries[index]?.row ?? null);
    this.#entries.splice(index, 0, entry);
  }

  #forget(entry) {
    this.#cursors.delete(entry.cursor);
    entry.row.remove();
  }
}
