/** The leading tab's part in sharing: hands on what it hears, and answers tabs that come later. */

import { Backlog } from "./backlog.js";

const PULSE_MS = 5_000; // while nothing comes from the server, this shows that the tab is alive

export class Relay {
  #tabs;
  #backlog;
  #status;
  #followed = false; // nothing is sent as long as nobody has asked
  #outgoing = [];
  #timer;

  /** `status()` answers how the connection is. */
  constructor(tabs, cursor, status) {
    this.#tabs = tabs;
    this.#backlog = new Backlog(cursor);
    this.#status = status;
    this.#timer = setInterval(() => this.tell(), PULSE_MS);
    tabs.post({ type: "lead" });
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Messages that arrive together are handed on together. */
  add(message) {
    this.#backlog.add(message);
    if (!this.#followed) return;
    if (this.#outgoing.push(message) === 1) queueMicrotask(() => this.#send());
  }

  tell() {
    if (this.#followed) this.#tabs.post({ type: "status", status: this.#status() });
  }

  hear({ type, tab, cursor }) {
    if (type !== "since") return;
    this.#followed = true;
    this.#send(); // what is under way would otherwise arrive after an answer that has it already
    const items = this.#backlog.since(cursor);
    this.#tabs.post({ type: "answer", to: tab, items, status: this.#status() });
  }

  #send() {
    if (this.#outgoing.length > 0) this.#tabs.post({ type: "messages", items: this.#outgoing.splice(0) });
  }
}
