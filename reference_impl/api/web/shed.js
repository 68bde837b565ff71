/**
 * What was left out on purpose since the page was opened: of a crowd that writes faster than anybody reads, and of the
 * stream's other rooms. Pure.
 */

const WINDOWS_KEPT = 10; // the pace is that of the latest ones

export class Shed {
  #dropped = { budget: 0, room: 0 };
  #windows = []; // { shown, windowMs }

  add({ shown, dropped, window_ms: windowMs, reason }) {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + dropped;
    if (reason !== "room") this.#windows = [...this.#windows, { shown, windowMs }].slice(-WINDOWS_KEPT);
  }

  get total() {
    return Object.values(this.#dropped).reduce((sum, dropped) => sum + dropped, 0);
  }

  get elsewhere() {
    return this.#dropped.room;
  }

  /** Comments that this chat shows in a second, about; 0 before any was left out. */
  get perSecond() {
    const [shown, windowMs] = ["shown", "windowMs"].map((name) => this.#windows.reduce((sum, of) => sum + of[name], 0));
    return windowMs > 0 ? Math.max(1, Math.round((shown * 1000) / windowMs)) : 0;
  }
}
