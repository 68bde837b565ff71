/** Comments per second, over the last few seconds. */

const SECONDS = 5;

export class Rate {
  #counts = [0];
  #timer;
  received = 0;

  /** Calls `onSecond(perSecond, received)` once a second. */
  constructor(onSecond) {
    this.#timer = setInterval(() => {
      onSecond(this.perSecond, this.received);
      this.#counts = [0, ...this.#counts].slice(0, SECONDS);
    }, 1000);
  }

  get perSecond() {
    return this.#counts.reduce((sum, count) => sum + count, 0) / this.#counts.length;
  }

  count() {
    this.#counts[0] += 1;
    this.received += 1;
  }

  stop() {
    clearInterval(this.#timer);
  }
}
