/**
 * Brings history and live comments together in the list.
 *
 * The list is bounded. Once its newest end has been dropped, because the reader is far up, it is `detached`: live
 * comments are then only counted, and the way back to the end goes through history. While such a page is under way
 * comments are held: the page has all up to the moment of its reading, the held ones are all that came later, so none
 * falls between.
 */

import { PAGE_MAX } from "./api.js";
import { FrameBatch } from "./frames.js";
import { Gaps } from "./gaps.js";

const LIST_MAX = 500;

export class Feed {
  #api;
  #list;
  #scroller;
  #handlers;
  #gaps;
  #incoming = new FrameBatch(() => this.#flush());
  #holds = 0;
  #reloading = null;
  #loadingEarlier = false;
  #detached = false;
  #earlier = false;
  #unread = 0;

  /** Handlers: `onBatch(comments)` before they are shown, `onChange({ unread, earlier, empty })`. */
  constructor(api, list, scroller, handlers) {
    this.#api = api;
    this.#list = list;
    this.#scroller = scroller;
    this.#handlers = handlers;
    this.#gaps = new Gaps(list, scroller, (query) => this.#page(query), this.#show.bind(this));
  }

  /** Load the newest page; answers the cursor where the live stream goes on. */
  async begin() {
    const page = await this.#api.history();
    this.#replace(page);
    return page.next_cursor;
  }

  stop() {
    this.#incoming.cancel();
  }

  receive(comment) {
    this.#incoming.push(comment);
  }

  /** A comment was edited or deleted; it may be among those that are not on the page yet. */
  receiveChange(comment) {
    this.#incoming.push({ change: comment });
  }

  /** Show the reader's own comment at once. */
  receiveOwn(comment) {
    this.#incoming.push(comment);
    this.#flush();
  }

  /** Some comments are not sent on this connection: read them from history, or offer to. */
  receiveGap(gap) {
    if (gap.reason === "epoch") return this.#reload();
    if (this.#detached || gap.to < gap.from) return;
    return this.#gaps.open(gap);
  }

  /** The reader has scrolled to the end of the list. */
  reachedEnd() {
    return this.#detached ? this.#loadLater() : this.#tell({ unread: 0 });
  }

  async jumpToNewest() {
    if (this.#detached) await this.#reload();
    this.#scroller.toEnd();
    this.#tell({ unread: this.#detached ? this.#unread : 0 });
  }

  async loadEarlier() {
    if (this.#loadingEarlier || !this.#earlier) return;
    this.#loadingEarlier = true;
    const before = this.#list.oldest;
    const page = await this.#page({ before });
    this.#loadingEarlier = false;
    if (!page || before !== this.#list.oldest) return;
    this.#list.lowerFloor(page);
    this.#scroller.keepPlace(() => this.#show(page.items, true), false);
    this.#tell({ earlier: page.has_more });
  }

  async #loadLater() {
    if (this.#holds) return;
    const after = this.#list.newest;
    const page = await this.#held(this.#page({ after, limit: PAGE_MAX }));
    if (page && after === this.#list.newest) {
      this.#detached = page.has_more;
      this.#scroller.keepPlace(() => this.#show(page.items, false), false);
    }
    this.#flush();
  }

  /** Start again from the newest page; several who ask at once share one. */
  #reload() {
    this.#reloading ??= this.#held(this.#api.history())
      .then((page) => this.#replace(page))
      .catch(() => {}) // the old comments stay, and the reader may ask again
      .finally(() => {
        this.#reloading = null;
        this.#flush();
      });
    return this.#reloading;
  }

  #replace(page) {
    this.#list.reset(page);
    this.#scroller.toEnd();
    this.#detached = false;
    this.#tell({ unread: 0, earlier: page.has_more });
  }

  /** A page of history, or null; a cursor into a log that has since been begun anew leads to the new one. */
  async #page(query) {
    try {
      return await this.#api.history(query);
    } catch (problem) {
      if (problem.kind === "invalid-cursor") await this.#reload();
      return null;
    }
  }

  async #held(page) {
    this.#holds += 1;
    try {
      return await page;
    } finally {
      this.#holds -= 1;
    }
  }

  #flush() {
    if (this.#holds) return;
    const items = this.#incoming.take();
    const comments = items.filter((item) => !item.change);
    const changes = items.filter((item) => item.change);
    if (comments.length > 0) this.#add(comments);
    this.#scroller.keepPlace(() => changes.forEach(({ change }) => this.#list.change(change)));
  }

  #add(comments) {
    this.#handlers.onBatch(comments);
    if (this.#detached) {
      this.#tell({ unread: this.#unread + comments.length });
      return;
    }
    const { following, readsUpperHalf } = this.#scroller;
    let added = 0;
    this.#scroller.keepPlace(() => (added = this.#show(comments, readsUpperHalf)));
    this.#tell({ unread: following ? 0 : this.#unread + added });
  }

  /** Add comments, and drop as many at the end that the reader is not looking at; answers how many were new. */
  #show(comments, readsUpperHalf) {
    const added = comments.filter((comment) => this.#list.add(comment)).length;
    const excess = this.#list.length - LIST_MAX;
    if (excess > 0 && readsUpperHalf) {
      this.#list.dropNewest(excess);
      this.#detached = true;
    } else if (excess > 0) {
      this.#list.dropOldest(excess);
      this.#earlier = true;
    }
    return added;
  }

  #tell({ unread = this.#unread, earlier = this.#earlier } = {}) {
    this.#unread = unread;
    this.#earlier = earlier;
    this.#handlers.onChange({ unread, earlier, empty: this.#list.length === 0 });
  }
}
