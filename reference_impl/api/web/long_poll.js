/**
 * Long polling: a request after the other, each held by the server until there is something to say. It works wherever
 * pages load, and costs the most.
 */

import { pause } from "./pause.js";

const WAIT_S = 25; // well below the minute after which many proxies end a silent request

export class LongPoll {
  #api;
  #handlers;
  #closing = null;

  constructor(api, handlers) {
    this.#api = api;
    this.#handlers = handlers;
  }

  open(cursor) {
    this.#closing = new AbortController();
    this.#follow(cursor, this.#closing.signal);
  }

  close() {
    this.#closing?.abort();
    this.#closing = null;
  }

  async #follow(cursor, signal) {
    let greeted = false;
    try {
      while (!signal.aborted) {
        const answer = await this.#api.poll(cursor, { waitS: WAIT_S, hello: !greeted, signal });
        if (!greeted && !signal.aborted) this.#handlers.onOpen();
        greeted = true;
        cursor = answer.next_cursor;
        this.#deliver(answer.items, signal);
        await pause(answer.poll_after_ms, signal);
      }
    } catch (problem) {
      if (!signal.aborted) this.#lost(problem);
    }
  }

  /** Heartbeats that rode along are old by now; that the answer has come says the same. */
  #deliver(items, signal) {
    const messages = items.filter(({ event }) => event !== "heartbeat");
    for (const message of [...messages.map(slowed), { event: "heartbeat", data: {} }]) {
      if (!signal.aborted) this.#handlers.onMessage(message);
    }
  }

  #lost(problem) {
    this.close();
    if (problem.status === undefined) throw problem; // a mistake in this program, not a refusal
    this.#handlers.onLost(problem.message, problem);
  }
}

/** The greeting, with the pace at which this transport shows that it is alive. */
function slowed(message) {
  return message.event === "hello" ? { ...message, data: { ...message.data, heartbeat_ms: WAIT_S * 1000 } } : message;
}
