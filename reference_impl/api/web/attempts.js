/**
 * When to try again what has failed: after a random delay that grows (exponential backoff, full jitter), or exactly
 * when the server wants it, which knows who else is about to come.
 *
 * `navigator.onLine` is only a hint, since a server on the same machine needs no network: it says when to look, and
 * which word to use when nothing answers.
 */

const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const GROWTH_MAX = 16;

export class Attempts {
  #attempt;
  #tell;
  #failures = 0;
  #timer = null;
  #slot = null; // the time that the server has assigned; nothing happens before

  /** Calls `attempt()`, and `tell({ state, retryAt, reason })` about what happens in between. */
  constructor(attempt, tell) {
    this.#attempt = attempt;
    this.#tell = tell;
  }

  get assigned() {
    return this.#slot !== null;
  }

  start() {
    addEventListener("online", this.now);
    addEventListener("offline", this.now);
    this.now();
  }

  stop() {
    removeEventListener("online", this.now);
    removeEventListener("offline", this.now);
    this.#clear();
  }

  now = () => {
    if (this.assigned) return;
    this.#clear();
    this.#tell({ state: this.#failures ? "reconnecting" : "connecting" });
    this.#attempt();
  };

  /** The next failure is the first one again. */
  settled() {
    this.#failures = 0;
  }

  failed(problem) {
    if (this.assigned) return;
    if (problem?.final) {
      this.#clear();
      this.#tell({ state: "unavailable", reason: problem.message });
    } else if (problem?.retryAfterS) {
      this.at(problem.retryAfterS * 1000);
    } else {
      this.#backOff();
    }
  }

  /** The server says when, and it is no failure. */
  at(delayMs) {
    this.#clear();
    this.#slot = setTimeout(() => {
      this.#slot = null;
      this.#tell({ state: "reconnecting" });
      this.#attempt();
    }, delayMs);
    this.#tell({ state: "reconnecting", retryAt: Date.now() + delayMs });
  }

  #backOff() {
    const delayMs = Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, GROWTH_MAX);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.now, delayMs);
    this.#tell({ state: navigator.onLine ? "reconnecting" : "offline", retryAt: Date.now() + delayMs });
  }

  #clear() {
    clearTimeout(this.#timer);
    clearTimeout(this.#slot);
    this.#timer = this.#slot = null;
  }
}
