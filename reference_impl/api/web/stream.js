/**
 * The live connection: opened at a cursor, watched, and opened again where it broke off.
 *
 * EventSource repeats at a fixed delay and would bring a crowd back all at once, so it is closed on the first error and
 * opened anew after a random delay (exponential backoff, full jitter). A new EventSource sends no Last-Event-ID; the
 * cursor goes in the address. `navigator.onLine` is only a hint, since a server on the same machine needs no network:
 * it says when to look, and which word to use when nothing answers.
 */

import { positionOf } from "./api.js";

const HEARTBEAT_MS = 15_000;
const SILENCE_MAX_MS = 2 * HEARTBEAT_MS + 5_000;
const WATCH_MS = 5_000;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
const STABLE_MS = 10_000;

export class LiveStream {
  #handlers;
  #cursor = null;
  #source = null;
  #timers = [];
  #failures = 0;
  #heardAt = 0;
  #run = 0; // counts connections, so that an answer for an abandoned one is told apart

  /** Handlers: `begin` loads history and answers its cursor; `url(cursor)`, `onComment`,
   *  `onEvent(kind, data)` for all others, `onGap`, `onState`. */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  start() {
    addEventListener("online", this.#connect);
    addEventListener("offline", this.#connect);
    this.#connect();
  }

  stop() {
    removeEventListener("online", this.#connect);
    removeEventListener("offline", this.#connect);
    this.#drop();
  }

  #connect = async () => {
    const run = this.#drop();
    this.#tell(this.#failures ? "reconnecting" : "connecting");
    try {
      this.#cursor ??= await this.#handlers.begin();
    } catch (problem) {
      if (run === this.#run) this.#failed(problem);
      return;
    }
    if (run === this.#run) this.#open();
  };

  #open() {
    this.#heardAt = Date.now();
    this.#source = new EventSource(this.#handlers.url(this.#cursor));
    this.#source.onopen = () => this.#opened();
    this.#source.onerror = () => this.#failed();
    this.#source.addEventListener("heartbeat", () => this.#heard());
    this.#source.addEventListener("comment", (event) => {
      this.#heard(event.lastEventId);
      this.#handlers.onComment(JSON.parse(event.data));
    });
    for (const kind of ["hello", "edit", "delete", "pin", "unpin", "settings", "state", "reactions"]) {
      this.#source.addEventListener(kind, (event) => {
        this.#heard(event.lastEventId);
        this.#handlers.onEvent(kind, JSON.parse(event.data));
      });
    }
    this.#source.addEventListener("gap", (event) => {
      this.#heard(event.lastEventId);
      this.#handlers.onGap({ ...JSON.parse(event.data), epoch: positionOf(event.lastEventId).epoch });
    });
    this.#timers.push(setInterval(() => this.#watch(), WATCH_MS));
  }

  #opened() {
    this.#tell("live");
    this.#timers.push(setTimeout(() => (this.#failures = 0), STABLE_MS));
  }

  #heard(cursor) {
    this.#heardAt = Date.now();
    this.#cursor = cursor || this.#cursor;
  }

  /** A machine that slept and a network that swallows packets both look like this: open, and silent. */
  #watch() {
    if (Date.now() - this.#heardAt > SILENCE_MAX_MS) this.#failed();
  }

  #failed(problem) {
    this.#drop();
    if (problem?.final) {
      this.#tell("unavailable", { reason: problem.message });
      return;
    }
    const delayMs = Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    this.#timers.push(setTimeout(this.#connect, delayMs));
    this.#tell(navigator.onLine ? "reconnecting" : "offline", { retryAt: Date.now() + delayMs });
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
    this.#timers.splice(0).forEach(clearTimeout); // clears intervals as well: they share their ids
    return ++this.#run;
  }

  #tell(state, about = {}) {
    this.#handlers.onState({ state, ...about });
  }
}
