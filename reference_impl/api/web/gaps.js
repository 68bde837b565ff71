/**
 * Ranges that the live stream left out, because this page was too slow or away for too long.
 *
 * A small one is read from history at once. Of a large one the newest comments are read, which is what somebody who
 * comes back wants to see; a divider stands for the rest and opens a page at a time, from where the reader left off.
 */

import { PAGE_MAX, cursorOf, positionOf } from "./api.js";

const NEWEST = 50; // comments of a large gap that are read at once

export class Gaps {
  #list;
  #scroller;
  #read;
  #show;

  /** `read(query)` answers a page of history or null; `show(comments, readsUpperHalf)` adds them to the list. */
  constructor(list, scroller, read, show) {
    this.#list = list;
    this.#scroller = scroller;
    this.#read = read;
    this.#show = show;
  }

  open(gap) {
    let entry;
    this.#scroller.keepPlace(() => (entry = this.#list.addGap(gap, this.#fillFromStart)));
    return gap.to - gap.from < PAGE_MAX ? this.#fillFromStart(entry) : this.#fillFromEnd(entry);
  }

  #fillFromStart = (entry) => {
    const { epoch, from, to } = entry.gap;
    const query = { after: cursorOf(epoch, from - 1), limit: Math.min(PAGE_MAX, to - from + 1) };
    return this.#fill(entry, query, (page) => ({ from: positionOf(page.next_cursor).seq + 1 }));
  };

  #fillFromEnd(entry) {
    const { epoch, to } = entry.gap;
    const query = { before: cursorOf(epoch, to + 1), limit: NEWEST };
    return this.#fill(entry, query, (page) => ({ to: positionOf(page.prev_cursor).seq - 1 }));
  }

  /** Put a page in the place of a gap, and a smaller gap where the rest of it is. */
  async #fill(entry, query, restOf) {
    const page = await this.#read(query);
    if (!page || !this.#list.has(entry)) return;
    const rest = { ...entry.gap, ...restOf(page) };
    const upper = this.#scroller.readsUpperHalf;
    const focused = entry.row.contains(entry.row.getRootNode().activeElement);
    this.#scroller.keepPlace(() => {
      this.#list.remove(entry);
      const left = rest.from <= rest.to && this.#list.addGap(rest, this.#fillFromStart);
      this.#show(page.items, upper);
      if (left && focused) left.row.querySelector("button").focus({ preventScroll: true });
    });
  }
}
