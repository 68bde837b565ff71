/**
 * What the heartbeats say about the way between the server and this page.
 *
 * Pure: it is told the time (Unix ms by this device's clock) and each message, and has no clock, timer or page of its
 * own. A proxy that collects bytes shows in heartbeats that arrive together though they were sent apart. A page that
 * slept sees the same, so it is asked to `look` every second: if it did not, nobody else is to blame.
 */

export const LOOK_MS = 1_000;

const HEARTBEAT_MS = 15_000; // until the server says
const SILENCE_GRACE_MS = 5_000;
const BEATS_KEPT = 8;
const SQUEEZED_MIN = 3; // pairs of heartbeats that came together
const SQUEEZED_MIN_MS = 1_500; // by which they did, in all: less is the page's own doing
const SKEW_MIN_MS = 2_000; // a smaller difference may be the way's

export class Diagnosis {
  #heartbeatMs = HEARTBEAT_MS;
  #beats = []; // the latest of this connection: { at, sentAt }
  #beatAt = null;
  #heardAt = 0;
  #lookedAt = 0;
  #aheadMs = null; // the least that this clock was ever ahead of the server's: all above it is the way
  slept = false;
  heldBack = false;

  /** A connection is begun at this time. */
  begin(now) {
    this.#beats = [];
    this.#beatAt = null;
    this.#heardAt = this.#lookedAt = now;
    this.slept = this.heldBack = false;
  }

  heard(now, { event, data }) {
    this.#heardAt = now;
    if (event === "hello") this.#heartbeatMs = data.heartbeat_ms ?? HEARTBEAT_MS;
    if (event === "hello" || event === "heartbeat") this.#beat(now, data.server_time_ms, event === "hello");
  }

  look(now) {
    this.slept = now - this.#lookedAt > 2 * LOOK_MS;
    this.#lookedAt = now;
    if (this.slept) this.#beats = [];
    this.heldBack ||= this.#squeezed();
  }

  silenceMaxMs() {
    return 2 * this.#heartbeatMs + SILENCE_GRACE_MS;
  }

  silent(now) {
    return now - this.#heardAt > this.silenceMaxMs();
  }

  /** Milliseconds since the last heartbeat; null before the first. */
  heartbeatAgeMs(now) {
    return this.#beatAt === null ? null : now - this.#beatAt;
  }

  /** By how much this device's clock is ahead of the server's; 0 when that is too little to tell. */
  get skewMs() {
    return Math.abs(this.#aheadMs ?? 0) > SKEW_MIN_MS ? this.#aheadMs : 0;
  }

  /** What is wrong, in plain words. */
  verdicts(now) {
    const found = [];
    if (this.heldBack) found.push("a proxy is holding messages back (heartbeats came in clumps)");
    if (now - this.#heardAt > 2 * this.#heartbeatMs) found.push("heartbeats have stopped");
    const offS = Math.round(Math.abs(this.skewMs) / 1000);
    if (offS) found.push(`this device's clock is off by ${offS.toLocaleString()} s`);
    return found;
  }

  #beat(now, sentAt, first) {
    this.#beatAt = now;
    if (sentAt === undefined) return;
    const aheadMs = now - sentAt;
    this.#aheadMs = first || this.#aheadMs === null ? aheadMs : Math.min(this.#aheadMs, aheadMs);
    this.#beats = [...this.#beats, { at: now, sentAt }].slice(-BEATS_KEPT);
  }

  #squeezed() {
    const gaps = this.#beats.slice(1).map(({ at, sentAt }, index) => {
      const before = this.#beats[index];
      return { came: at - before.at, sent: sentAt - before.sentAt };
    });
    const squeezed = gaps.filter(({ came, sent }) => sent > this.#heartbeatMs / 2 && came < sent / 4);
    const byMs = squeezed.reduce((sum, { came, sent }) => sum + sent - Math.max(0, came), 0);
    return squeezed.length >= SQUEEZED_MIN && byMs >= SQUEEZED_MIN_MS;
  }
}
