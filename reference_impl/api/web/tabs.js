/**
 * The tabs of this browser that show the same stream: one of them leads, and all hear each other.
 *
 * The lead is a Web Lock, so it passes on by itself when its tab is closed or crashes. A tab that is frozen keeps its
 * lock; another one then takes it away, and the first learns that when it wakes.
 */

export class Tabs {
  #name;
  #handlers;
  #channel;
  #queue = null; // ends the waiting for the lead
  #release = null;
  #left = false;
  id = Array.from(crypto.getRandomValues(new Uint32Array(2))).join("-");

  /** Pages without TLS have no locks; there every tab is by itself. */
  static get available() {
    return Boolean(navigator.locks && globalThis.BroadcastChannel);
  }

  /** Handlers: `onLead()`, `onDeposed()`, `onMessage(message)` from another tab. */
  constructor(name, handlers) {
    this.#name = name;
    this.#handlers = handlers;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }) => handlers.onMessage(data);
  }

  /** Wait for the lead. */
  join() {
    this.#queue = new AbortController();
    this.#hold({ signal: this.#queue.signal });
  }

  /** Take the lead from a tab that has stopped answering. */
  seize() {
    this.#queue?.abort();
    this.#hold({ steal: true });
  }

  leave() {
    this.#left = true;
    this.#queue?.abort();
    this.#release?.();
    this.#channel.close();
  }

  post(message) {
    if (!this.#left) this.#channel.postMessage({ ...message, tab: this.id });
  }

  async #hold(options) {
    let granted = false;
    try {
      await navigator.locks.request(this.#name, options, () => {
        granted = true;
        return this.#lead();
      });
    } catch (error) {
      if (this.#left) return;
      if (error.name !== "AbortError") this.#handlers.onLead(); // no locks for this page after all
      else if (granted) this.#deposed();
    }
  }

  #lead() {
    if (this.#left) return undefined;
    this.#handlers.onLead();
    return new Promise((release) => (this.#release = release));
  }

  #deposed() {
    this.#handlers.onDeposed();
    this.join();
  }
}
