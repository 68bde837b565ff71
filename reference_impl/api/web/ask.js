/**
 * Asks the server for JSON. Whatever goes wrong is thrown as a Problem; `definite` tells whether it is certain that
 * nothing was stored.
 */

export const ANSWER_MAX_MS = 10_000;
const PASSING = new Set(["rate-limited", "slow-mode", "idempotency-in-flight", "unauthenticated", "request-timeout"]);

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
    return this.definite && this.status >= 400 && this.status < 500 && !PASSING.has(this.kind);
  }
}

/** The answer's JSON; `signal` and `answerMaxMs` end the waiting for it. */
export async function ask(url, { signal, answerMaxMs = ANSWER_MAX_MS, ...options }) {
  const endings = [AbortSignal.timeout(answerMaxMs), ...(signal ? [signal] : [])];
  try {
    const answer = await fetch(url, { cache: "no-store", ...options, signal: AbortSignal.any(endings) });
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
