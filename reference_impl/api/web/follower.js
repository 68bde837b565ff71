/**
 * A tab that reads along with the one that leads.
 *
 * It asks the leader for all after its own cursor, and ignores what it hears until the answer has come: messages arrive
 * in the order in which the leader sends them, so the answer has all before it, and what comes later comes later. A new
 * leader is asked again.
 */

import { LOOK_MS } from "./diagnosis.js";

const ANSWER_MAX_MS = 2_000;
const SPREAD_MS = 2_000; // tabs that notice together shall not act together

export class Follower {
  #tabs;
  #handlers;
  #leader = null;
  #heardAt = 0;
  #asked = false;
  #actAt = null;
  #timer = null;

  /** Handlers: `cursor()`, `silenceMaxMs()`, `onMessage(message)`, `onStatus(status)`, `onSilence()`. */
  constructor(tabs, handlers) {
    this.#tabs = tabs;
    this.#handlers = handlers;
  }

  start() {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#ask();
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = null;
  }

  hear({ type, to, tab, items, status }) {
    if (type === "lead") this.#ask();
    else if (type === "answer" && to === this.#tabs.id) this.#follow(tab);
    else if ((type !== "messages" && type !== "status") || this.#asked) return;
    else if (tab !== this.#leader) this.#ask();
    if (tab !== this.#leader || this.#asked) return;
    this.#heard();
    if (status) this.#handlers.onStatus(status);
    items?.forEach((message) => this.#handlers.onMessage(message));
  }

  #follow(leader) {
    this.#leader = leader;
    this.#asked = false;
  }

  #ask() {
    this.#asked = true;
    this.#heard();
    this.#tabs.post({ type: "since", cursor: this.#handlers.cursor() });
  }

  #heard() {
    this.#heardAt = Date.now();
    this.#actAt = null;
  }

  /** A leader that is frozen, or has crashed without losing its lock, says nothing. */
  #look() {
    const now = Date.now();
    if (now - this.#heardAt <= (this.#asked ? ANSWER_MAX_MS : this.#handlers.silenceMaxMs())) return;
    this.#actAt ??= now + Math.random() * SPREAD_MS;
    if (now < this.#actAt) return;
    this.#heard(); // once; what comes of it shows
    this.#handlers.onSilence();
  }
}
