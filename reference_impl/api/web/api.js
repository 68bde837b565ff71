/**
 * The server's HTTP API as the widget uses it.
 *
 * A position in a stream is a cursor `epoch:seq`. Positions order by epoch, then by seq.
 */

import { ANSWER_MAX_MS, ask } from "./ask.js";

export const PAGE_MAX = 200;
const CACHED = { cache: "default", credentials: "omit" };

export function positionOf(cursor) {
  const [epoch, seq] = cursor.split(":").map(Number);
  return { epoch, seq };
}

export function cursorOf(epoch, seq) {
  return `${epoch}:${seq}`;
}

/** Negative when `a` comes before `b`. */
export function compare(a, b) {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/** The cursor of a message's own place in the log; undefined for what is no part of it. */
export function placeOf({ id, data }) {
  return id || (data.seq === undefined ? undefined : data.cursor);
}

export class Api {
  #base;
  #session;
  #room;

  /** `room`, if there is one, is the room of the stream that the reader wants to be in. */
  constructor(server, stream, session, room = null) {
    this.#session = session;
    this.#room = room ? { room } : {};
    this.#base = `${server.replace(/\/+$/, "")}/v1/streams/${encodeURIComponent(stream)}`;
  }

  eventsUrl(cursor) {
    return `${this.#base}/events?${new URLSearchParams({ cursor, ...this.#room })}`;
  }

  websocketUrl(cursor) {
    const url = new URL(`${this.#base}/websocket?${new URLSearchParams({ cursor, ...this.#room })}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return url.href;
  }

  /** What came after the cursor; with `waitS` the server holds its answer that long, until there is something. */
  poll(cursor, { waitS = 0, hello = false, signal } = {}) {
    const query = new URLSearchParams({ cursor, wait_s: waitS, hello, ...this.#room });
    return ask(`${this.#base}/poll?${query}`, { signal, answerMaxMs: waitS * 1000 + ANSWER_MAX_MS });
  }

  /** Which seconds of a public stream there are, the latest or those `from` one on; any cache may answer. */
  manifest({ from = null, signal } = {}) {
    return ask(`${this.#base}/segments${from === null ? "" : `?from=${from}`}`, { signal, ...CACHED });
  }

  segment({ offset, revision }, signal) {
    return ask(`${this.#base}/segments/${offset}/${revision}`, { signal, ...CACHED });
  }

  /** The stream itself: its title, its state. */
  about(signal) {
    return ask(this.#base, { signal });
  }

  /** One page of history, oldest first; without a cursor the newest one. */
  history({ before, after, limit } = {}) {
    const url = new URL(`${this.#base}/comments`, location.href);
    for (const [name, value] of Object.entries({ before, after, limit })) {
      if (value !== undefined) url.searchParams.set(name, value);
    }
    return ask(url, {});
  }

  /** Post a comment; the same key posts it once, however often it is tried. */
  async post(author, text, key) {
    const authorization = `Bearer ${await this.#session.token(author)}`;
    try {
      return await ask(`${this.#base}/comments`, {
        method: "POST",
        headers: { Authorization: authorization, "Content-Type": "application/json", "Idempotency-Key": key },
        body: JSON.stringify({ text }),
      });
    } catch (problem) {
      if (problem.status === 401) this.#session.forget(author);
      throw problem;
    }
  }
}
