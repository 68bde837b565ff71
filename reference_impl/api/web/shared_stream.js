/**
 * A stream as this tab reads it: over a connection of its own, or along with another tab of this browser, which may
 * have six connections to a host and no more (HTTP/1.1).
 *
 * Each tab reads its own page of history and keeps its own cursor, so whoever the messages come from, and whoever leads
 * next, none is missing and none comes twice.
 */

import { positionOf } from "./api.js";
import { Attempts } from "./attempts.js";
import { Diagnosis } from "./diagnosis.js";
import { Follower } from "./follower.js";
import { Ladder, visitMemory } from "./ladder.js";
import { Progress } from "./progress.js";
import { Relay } from "./relay.js";
import { Shed } from "./shed.js";
import { LiveStream } from "./stream.js";
import { Tabs } from "./tabs.js";

export class SharedStream {
  #api;
  #settings;
  #handlers;
  #diagnosis = new Diagnosis();
  #ladder;
  #progress = null;
  #beginning;
  #starting = null;
  #tabs = null;
  #live = null;
  #relay = null;
  #follower = null;
  #state = { state: "connecting" };
  #leaders = null; // what the leading tab last said of its connection
  #gaps = 0;
  #shed = new Shed();
  #room = null;

  /**
   * Settings: `server`; `transport`, which forces one; `reader`, what tabs must have in common to share.
   * Handlers: `begin` loads history and answers its cursor; `renew`; `onComment`, `onEvent(kind, data)` for all others,
   * `onGap`, `onShed(shed)` with all that was left out so far, `onState`.
   */
  constructor(api, settings, handlers) {
    this.#api = api;
    this.#settings = settings;
    this.#handlers = handlers;
    this.#ladder = new Ladder(Date.now(), visitMemory(settings.server), settings.transport);
    this.#beginning = new Attempts(() => this.#begin(), (state) => this.#tell(state));
  }

  start() {
    this.#beginning.start();
  }

  stop() {
    this.#beginning.stop();
    this.#quit();
    this.#tabs?.leave();
    this.#tabs = this.#starting = null;
  }

  /** How the connection is; the panel shows it. */
  report(now) {
    const its = this.#follower && this.#leaders; // the connection may be another tab's
    const { rung, fallbacks, reconnects, verdicts } = its || this.#connection(now);
    return {
      role: this.#role(),
      state: this.#state.state,
      ...{ rung, fallbacks, reconnects },
      verdicts: [...new Set([...verdicts, ...this.#diagnosis.verdicts(now)])],
      heartbeatAgeMs: this.#diagnosis.heartbeatAgeMs(now),
      skewMs: this.#diagnosis.skewMs,
      position: this.#progress?.cursor ?? null,
      gaps: this.#gaps,
      shed: this.#shed.total,
      room: this.#room,
      forced: this.#ladder.forced,
    };
  }

  #role() {
    if (!this.#tabs) return "alone";
    return this.#follower ? "follower" : "leader";
  }

  #connection(now) {
    const { rung, fallbacks } = this.#ladder;
    const verdicts = this.#live ? this.#diagnosis.verdicts(now) : [];
    return { rung, fallbacks, verdicts, reconnects: this.#live?.reconnects ?? 0 };
  }

  async #begin() {
    const starting = (this.#starting ??= this.#handlers.begin()); // several who ask at once share one
    const [cursor, problem] = await starting.then((found) => [found, null], (thrown) => [null, thrown]);
    if (starting !== this.#starting) return;
    this.#starting = null;
    if (problem) {
      this.#beginning.failed(problem);
      return;
    }
    this.#beginning.stop();
    this.#progress = new Progress(cursor);
    this.#join();
  }

  #join() {
    if (!Tabs.available) {
      this.#lead();
      return;
    }
    this.#tabs = new Tabs(JSON.stringify(["live-comments", ...this.#settings.reader]), {
      onLead: () => this.#lead(),
      onDeposed: () => this.#follow(),
      onMessage: (message) => (this.#follower ?? this.#relay)?.hear(message),
    });
    this.#follow();
    this.#tabs.join();
  }

  #lead() {
    this.#quit();
    if (this.#leaders) this.#ladder.adopt(Date.now(), this.#leaders);
    const status = () => ({ ...this.#connection(Date.now()), state: this.#state });
    this.#relay = this.#tabs && new Relay(this.#tabs, this.#progress.cursor, status);
    this.#live = new LiveStream(this.#api, this.#ladder, this.#diagnosis, {
      cursor: () => this.#progress.cursor,
      renew: this.#handlers.renew,
      onMessage: (message) => this.#take(message),
      onState: (state) => this.#tell(state),
    });
    this.#live.start();
  }

  #follow() {
    this.#quit();
    this.#diagnosis.begin(Date.now());
    this.#follower = new Follower(this.#tabs, {
      cursor: () => this.#progress.cursor,
      silenceMaxMs: () => this.#diagnosis.silenceMaxMs(),
      onSilence: () => this.#tabs.seize(),
      onStatus: (status) => {
        this.#leaders = status;
        this.#tell(status.state);
      },
      onMessage: (message) => {
        this.#diagnosis.heard(Date.now(), message);
        this.#take(message);
      },
    });
    this.#follower.start();
  }

  /** Neither lead nor follow. */
  #quit() {
    [this.#follower, this.#relay, this.#live].forEach((part) => part?.stop());
    this.#follower = this.#relay = this.#live = null;
  }

  #take(received) {
    const message = this.#progress.take(received);
    if (!message) return;
    this.#relay?.add(message);
    const { event, id, data } = message;
    if (event === "comment") this.#handlers.onComment(data);
    else if (event === "gap") this.#skip({ ...data, epoch: positionOf(id).epoch });
    else if (event === "shed") this.#leaveOut(data);
    else if (event === "room") this.#room = data;
    else this.#handlers.onEvent(event, data);
  }

  #skip(gap) {
    this.#gaps += 1;
    this.#handlers.onGap(gap);
  }

  #leaveOut(window) {
    this.#shed.add(window);
    this.#handlers.onShed(this.#shed);
  }

  #tell(state) {
    this.#state = state;
    this.#relay?.tell();
    this.#handlers.onState(state);
  }
}
