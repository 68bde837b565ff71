/**
 * The server's HTTP API as the widget uses it.
 *
 * A position in a stream is a cursor `epoch:seq`. Positions order by epoch, then by seq. Whatever goes wrong is thrown
 * as a Problem; `definite` tells whether it is certain that nothing was stored.
 */

const ANSWER_MAX_MS = 10_000;
export const PAGE_MAX = 200;

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

export class Problem extends Error {
  constructor({ type = "", title = "", status = 0, detail = "", definite = false, retry_after_s: retryAfterS = null }) {
    super(detail || title);
    this.kind = type.split("/").pop();
    this.status = status;
    this.definite = definite;
    this.retryAfterS = retryAfterS;
  }

  /** The server is there and has said no for good; asking again changes nothing. */
  get final() {
    return this.definite && this.status >= 400 && this.status < 500 && this.status !== 429 && this.status !== 409;
  }
}

export class Api {
  #base;

  constructor(server, stream) {
    this.#base = `${server.replace(/\/+$/, "")}/v1/streams/${encodeURIComponent(stream)}`;
  }

  eventsUrl(cursor) {
    return `${this.#base}/events?${new URLSearchParams({ cursor })}`;
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
  post(author, text, key) {
    return ask(`${this.#base}/comments`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "Idempotency-Key": key },
      body: JSON.stringify({ author, text }),
    });
  }
}

async function ask(url, options) {
  try {
    const answer = await fetch(url, { ...options, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MAX_MS) });
    if (answer.ok) {
      return await answer.json();
    }
    throw await problemOf(answer);
  } catch (error) {
    throw error instanceof Problem ? error : new Problem({ title: "The server cannot be reached" });
  }
}

async function problemOf(answer) {
  const about = { status: answer.status, definite: answer.status < 500, title: answer.statusText };
  const retryAfterS = Number(answer.headers.get("Retry-After")) || null;
  // A proxy in between may answer with a page of its own instead of a problem document.
  const body = await answer.json().catch(() => ({}));
  return new Problem({ ...about, retry_after_s: retryAfterS, ...body });
}
