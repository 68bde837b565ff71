/**
 * Which transport to use: the best that works here, and why not a better one.
 *
 * A rung is left when it has failed while the server itself could be reached, so a server that is away sends nobody
 * down. One that has never worked is given up sooner than one that has. What was found out is kept for the visit, and
 * the rung above is tried again after some minutes, each time later.
 */

export const RUNGS = ["websocket", "sse", "poll", "segments"];

const BLAME_MAX = 2;
const BLAME_KNOWN_MAX = 4; // of a rung that has worked on this visit
const AGAIN_MS = 10 * 60_000;
const AGAIN_MAX_MS = 2 * 60 * 60_000;

export class Ladder {
  #rungs;
  #memory;
  #index = 0;
  #blame = 0;
  #worked = new Set();
  #againMs = AGAIN_MS;
  #againAt = Infinity;
  fallbacks = []; // { from, to, reason }

  /** `memory` reads and writes { rung, fallbacks, at }; `forced` names the only transport there may be. */
  constructor(now, memory, forced) {
    this.#rungs = RUNGS.includes(forced) ? [forced] : RUNGS;
    this.#memory = memory;
    const known = this.forced ? null : memory.read();
    if (known && now - known.at < AGAIN_MS) this.adopt(now, known);
  }

  get forced() {
    return this.#rungs.length === 1;
  }

  get rung() {
    return this.#rungs[this.#index];
  }

  /** Begin where somebody else in this browser has ended. */
  adopt(now, { rung, fallbacks }) {
    const index = this.#rungs.indexOf(rung);
    if (this.forced || index < 0) return;
    this.#step(now, index);
    this.fallbacks = fallbacks;
  }

  /** The server has greeted over this rung. */
  opened(now) {
    this.#worked.add(this.rung);
    if (!this.forced) this.#memory.write({ rung: this.rung, fallbacks: this.fallbacks, at: now });
  }

  /** Its heartbeats come, too. */
  proved() {
    this.#blame = 0;
  }

  /** It failed although the server can be reached; answers whether it has been left. */
  failed(now, reason, blame = 1) {
    this.#blame += blame;
    const most = this.#worked.has(this.rung) ? BLAME_KNOWN_MAX : BLAME_MAX;
    return this.#blame >= most && this.leave(now, reason);
  }

  /** It is of no use; answers whether there is another one. */
  leave(now, reason) {
    if (this.#index === this.#rungs.length - 1) return false;
    const from = this.rung;
    this.#step(now, this.#index + 1);
    this.fallbacks = [...this.fallbacks, { from, to: this.rung, reason }];
    return true;
  }

  /** The rung above, when it is time to try it again. */
  better(now) {
    return this.#index > 0 && now >= this.#againAt ? this.#rungs[this.#index - 1] : null;
  }

  /** The network may be another one. */
  moved(now) {
    this.#againAt = Math.min(this.#againAt, now);
  }

  /** The rung above works again. */
  climbed(now) {
    this.#step(now, this.#index - 1);
    this.fallbacks = this.fallbacks.slice(0, -1);
    this.opened(now);
  }

  slipped(now) {
    this.#againAt = now + this.#againMs;
    this.#againMs = Math.min(AGAIN_MAX_MS, this.#againMs * 2);
  }

  #step(now, index) {
    this.#index = index;
    this.#blame = 0;
    this.slipped(now);
  }
}

/** Lasts as long as the tab does; storage may be forbidden, then each page finds out anew. */
export function visitMemory(server) {
  const key = `live-comments:transport:${server}`;
  const attempt = (action) => {
    try {
      return action();
    } catch {
      return null;
    }
  };
  return {
    read: () => attempt(() => JSON.parse(sessionStorage.getItem(key))),
    write: (known) => attempt(() => sessionStorage.setItem(key, JSON.stringify(known))),
  };
}
