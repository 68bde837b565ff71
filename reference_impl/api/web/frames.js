/**
 * Collects items and hands them over once per animation frame.
 *
 * A hidden page is given no frames, so a timer is set beside each; whichever comes first serves both.
 */

const HIDDEN_MS = 250;
const ITEMS_MAX = 500; // a page in the background may wake once a minute only

export class FrameBatch {
  #items = [];
  #frame = null;
  #timer = null;
  #onReady;

  constructor(onReady) {
    this.#onReady = onReady;
  }

  push(item) {
    this.#items.push(item);
    if (this.#items.length % ITEMS_MAX === 0) this.#onReady();
    else this.#schedule();
  }

  take() {
    this.cancel();
    return this.#items.splice(0);
  }

  cancel() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  #schedule() {
    if (this.#timer !== null) return;
    const ready = () => {
      this.cancel();
      this.#onReady();
    };
    this.#frame = requestAnimationFrame(ready);
    this.#timer = setTimeout(ready, HIDDEN_MS);
  }
}
