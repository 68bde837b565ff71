/**
 * Where the reader is in the list: following its end, or somewhere above, where nothing may move under their eyes.
 *
 * Following ends with what the reader does (wheel, key, finger, scroll bar), not with a distance from the end: in a
 * fast chat the end moves every frame, and a small step up would be taken back before it had counted.
 */

const END_PX = 24;
const TOP_PX = 80;
const KEYS_UP = new Set(["ArrowUp", "PageUp", "Home"]);

export class Scroller {
  #element;
  #content;
  #handlers;
  #following = true;
  #lastTop = 0;
  #touchY = 0;

  /** `content` holds the rows; handlers: `onEnd` when the reader arrives at the end, `onTop` at the top. */
  constructor(element, content, handlers) {
    this.#element = element;
    this.#content = content;
    this.#handlers = handlers;
    element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    element.addEventListener("wheel", (event) => event.deltaY < 0 && this.#leaveEnd(), { passive: true });
    element.addEventListener("touchstart", (event) => (this.#touchY = event.touches[0].clientY), { passive: true });
    element.addEventListener("touchmove", (event) => this.#touched(event.touches[0].clientY), { passive: true });
    element.addEventListener("keydown", (event) => KEYS_UP.has(event.key) && this.#leaveEnd());
    new ResizeObserver(() => this.#following && this.toEnd()).observe(element);
  }

  get following() {
    return this.#following;
  }

  /** Which half of the list is on the screen; the other one may be shortened. */
  get readsUpperHalf() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    return !this.#following && scrollTop + clientHeight / 2 < scrollHeight / 2;
  }

  toEnd() {
    this.#following = true;
    this.#element.scrollTop = this.#element.scrollHeight;
    this.#lastTop = this.#element.scrollTop;
  }

  /** Change the content: a reader at the end stays at the end (if `follow`), any other keeps the same row in place. */
  keepPlace(change, follow = true) {
    if (this.#following && follow) {
      change();
      this.toEnd();
      return;
    }
    const anchor = this.#firstVisible();
    const before = anchor?.offsetTop;
    change();
    if (anchor?.isConnected) this.#element.scrollTop += anchor.offsetTop - before;
    this.#lastTop = this.#element.scrollTop;
    this.#following = false;
  }

  #firstVisible() {
    const rows = this.#content.children;
    const top = this.#element.scrollTop;
    let [low, high] = [0, rows.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].offsetTop + rows[middle].offsetHeight > top) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }

  #touched(y) {
    if (y > this.#touchY) this.#leaveEnd(); // a finger that goes down pulls the text down: the reader goes up
    this.#touchY = y;
  }

  #leaveEnd() {
    if (this.#element.scrollHeight > this.#element.clientHeight) this.#following = false;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#element;
    const [moved, left] = [scrollTop - this.#lastTop, scrollHeight - scrollTop - clientHeight];
    this.#lastTop = scrollTop; // what this class did itself is in there already, and so does not count as a move
    if (moved < 0 && left > END_PX) this.#following = false;
    if (moved > 0 && left <= END_PX) {
      this.#following = true;
      this.#handlers.onEnd();
    }
    if (moved < 0 && scrollTop < TOP_PX) this.#handlers.onTop();
  }
}
