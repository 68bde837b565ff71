/**
 * Segments: pieces of one second of a public stream, which every cache on the way may keep. The last resort: they come
 * some seconds late and without counts of viewers, but also when the server itself has no time for this reader.
 */

import { Problem } from "./ask.js";
import { pause } from "./pause.js";
import { Reading } from "./reading.js";

const GONE = new Set([404, 410]); // the manifest is older than what it lists
const GONE_MAX = 10; // manifests in a row of which a segment was gone

export class Segments {
  #api;
  #handlers;
  #closing = null;

  constructor(api, handlers) {
    this.#api = api;
    this.#handlers = handlers;
  }

  open(cursor) {
    this.#closing = new AbortController();
    this.#follow(new Reading(cursor), this.#closing.signal);
  }

  close() {
    this.#closing?.abort();
    this.#closing = null;
  }

  async #follow(reading, signal) {
    try {
      let manifest = await this.#api.manifest({ signal });
      this.#greet(signal);
      for (let gone = 0; !signal.aborted; ) {
        gone = (await this.#read(reading, manifest, signal)) ? 0 : gone + 1;
        if (gone > GONE_MAX) throw new Problem({ title: "The segments are never those that are listed" });
        if (reading.begin === null) await pause(manifest.poll_after_ms * (0.5 + Math.random()), signal);
        if (!signal.aborted) manifest = await this.#api.manifest({ from: reading.begin, signal });
      }
    } catch (problem) {
      if (!signal.aborted) this.#lost(problem);
    }
  }

  /** How the stream stands is not in the segments; it is asked for beside them, and done without if it cannot be had. */
  #greet(signal) {
    if (!signal.aborted) this.#handlers.onOpen();
    const hello = (data) => this.#deliver([{ event: "hello", data }], signal);
    hello({});
    this.#api.about(signal).then(hello, () => {});
  }

  /** Answers whether all that is listed was there. */
  async #read(reading, manifest, signal) {
    const { known, listed } = reading.take(manifest);
    this.#deliver([...known, { event: "heartbeat", data: {} }], signal);
    for (const each of listed) {
      const messages = await this.#segment(reading, each, signal);
      if (signal.aborted) return true;
      if (!messages) return false;
      this.#deliver(messages, signal);
    }
    return true;
  }

  async #segment(reading, listed, signal) {
    try {
      return reading.read(listed, await this.#api.segment(listed, signal));
    } catch (problem) {
      if (!GONE.has(problem.status)) throw problem;
      reading.again();
      return null;
    }
  }

  #deliver(messages, signal) {
    for (const message of messages) {
      if (!signal.aborted) this.#handlers.onMessage(message);
    }
  }

  #lost(problem) {
    this.close();
    if (problem.status === undefined) throw problem; // a mistake in this program, not a refusal
    this.#handlers.onLost(problem.message, problem);
  }
}
