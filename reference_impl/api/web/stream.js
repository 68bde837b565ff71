/**
 * The live connection: opened at a cursor over the best transport that works here, watched, and opened again where it
 * broke off.
 *
 * A connection counts once the server's greeting has come over it: some proxies accept it and then hold everything
 * back. When one fails before it has proved itself, a plain request tells whether the server or the transport is at
 * fault; only the latter leads to the next transport. A better one is tried again beside the one in use, so that the
 * reader sees nothing of it.
 */

import { Attempts } from "./attempts.js";
import { LOOK_MS } from "./diagnosis.js";
import { LongPoll } from "./long_poll.js";
import { Segments } from "./segments.js";
import { Sse } from "./sse.js";
import { Socket } from "./websocket.js";
import { endingWords } from "./words.js";

const TRANSPORTS = { websocket: Socket, sse: Sse, poll: LongPoll, segments: Segments };
const GREETING_MAX_MS = 5_000;
const STABLE_MS = 10_000;
const SILENCE_BLAME = 2; // it takes long to notice

export class LiveStream {
  #api;
  #ladder;
  #diagnosis;
  #handlers;
  #attempts;
  #transport = null;
  #trial = null; // the next better transport, until it has greeted
  #opened = false;
  #greeted = false;
  #proved = false; // a heartbeat has come
  #renewed = false;
  #timers = [];
  #run = 0; // counts connections, so that an answer for an abandoned one is told apart
  reconnects = 0;

  /** Handlers: `cursor()`; `renew()` gets a new token; `onMessage({ event, id, data })`; `onState`. */
  constructor(api, ladder, diagnosis, handlers) {
    this.#api = api;
    this.#ladder = ladder;
    this.#diagnosis = diagnosis;
    this.#handlers = handlers;
    this.#attempts = new Attempts(() => this.#connect(), handlers.onState);
  }

  start() {
    addEventListener("online", this.#moved);
    this.#attempts.start();
  }

  stop() {
    removeEventListener("online", this.#moved);
    this.#attempts.stop();
    this.#drop();
  }

  #moved = () => this.#ladder.moved(Date.now());

  #connect() {
    this.#drop();
    if (this.#run > 1) this.reconnects += 1;
    this.#diagnosis.begin(Date.now());
    this.#transport = this.#open(this.#ladder.rung);
    this.#timers.push(setTimeout(() => this.#ungreeted(), GREETING_MAX_MS));
    this.#timers.push(setInterval(() => this.#look(), LOOK_MS));
  }

  #open(rung) {
    const transport = new TRANSPORTS[rung](this.#api, {
      onOpen: () => (this.#opened ||= transport === this.#transport),
      onMessage: (message) => this.#hear(transport, message),
      onLost: (reason, problem) => (transport === this.#trial ? this.#giveUpTrial() : this.#lost(reason, problem)),
    });
    transport.open(this.#handlers.cursor());
    return transport;
  }

  #hear(transport, message) {
    if (transport === this.#trial) this.#promote();
    this.#diagnosis.heard(Date.now(), message);
    if (message.event === "hello") this.#greet();
    if (message.event === "heartbeat") this.#prove();
    if (message.event === "reconnect") this.#attempts.at(message.data.after_ms);
    else if (message.event === "end") this.#end(message.data.reason);
    else this.#handlers.onMessage(message);
  }

  #greet() {
    if (this.#greeted) return;
    this.#greeted = true;
    this.#ladder.opened(Date.now());
    this.#handlers.onState({ state: "live" });
    this.#timers.push(setTimeout(() => this.#settle(), STABLE_MS));
  }

  #prove() {
    this.#proved = true;
    this.#ladder.proved();
  }

  #settle() {
    this.#attempts.settled();
    this.#renewed = false;
  }

  #ungreeted() {
    if (this.#greeted) return;
    const waited = `${GREETING_MAX_MS / 1000} s`;
    const held = `failed: a proxy is holding messages back (it opened, but nothing came within ${waited})`;
    this.#doubt(this.#opened ? held : `could not be opened: no answer within ${waited}`, this.#opened ? 2 : 1);
  }

  #lost(reason, problem) {
    if (this.#attempts.assigned) this.#drop();
    else if (this.#proved) this.#fail(problem);
    else this.#doubt(this.#greeted ? `did not last: ${reason}` : `could not be opened: ${reason}`, 1, problem);
  }

  #fail(problem) {
    this.#drop();
    if (problem?.status === 401) this.#end("token_expired");
    else this.#attempts.failed(problem);
  }

  /** Is it the server, or the way that this transport takes? */
  async #doubt(reason, blame, problem) {
    const run = this.#drop();
    this.#handlers.onState({ state: "reconnecting" });
    const found = await this.#ask(problem);
    if (run !== this.#run) return;
    if (!found && this.#ladder.failed(Date.now(), reason, blame)) this.#attempts.now();
    else this.#fail(found ?? problem);
  }

  /** What stands against reading by plainer means than the rung's; null if nothing. `problem` is what it has met. */
  async #ask(problem) {
    const held = this.#ladder.rung === "poll"; // a server that cannot hold requests may be able to answer them
    if (problem && (!held || problem.final || problem.status === 401)) return problem;
    try {
      await (held ? this.#api.manifest() : this.#api.poll(this.#handlers.cursor()));
      return null;
    } catch (found) {
      return problem ?? found;
    }
  }

  /** A machine that slept and a network that swallows packets both look like this: open, and silent. */
  #look() {
    const now = Date.now();
    this.#diagnosis.look(now);
    if (this.#attempts.assigned) return;
    if (this.#diagnosis.silent(now)) {
      this.#doubt("fell silent: heartbeats have stopped", this.#diagnosis.slept ? 0 : SILENCE_BLAME);
    } else if (this.#diagnosis.heldBack) {
      const [reason] = this.#diagnosis.verdicts(now);
      if (this.#ladder.leave(now, `failed: ${reason}`)) this.#attempts.now();
    } else if (this.#greeted && !this.#trial && this.#ladder.better(now)) {
      this.#try(this.#ladder.better(now));
    }
  }

  #try(rung) {
    this.#trial = this.#open(rung);
    this.#timers.push(setTimeout(() => this.#giveUpTrial(), GREETING_MAX_MS));
  }

  #promote() {
    this.#transport.close();
    this.#transport = this.#trial;
    this.#trial = null;
    this.#proved = false;
    this.#diagnosis.begin(Date.now());
    this.#ladder.climbed(Date.now());
  }

  #giveUpTrial() {
    if (!this.#trial) return;
    this.#trial.close();
    this.#trial = null;
    this.#ladder.slipped(Date.now());
  }

  /** The server does not want this connection back as it is. */
  async #end(reason) {
    const run = this.#drop();
    if (reason !== "token_expired" || this.#renewed) {
      this.stop();
      this.#handlers.onState({ state: "unavailable", reason: endingWords(reason) });
      return;
    }
    this.#renewed = true;
    await this.#handlers.renew().catch(() => {}); // the server says what it thinks of the old one
    if (run === this.#run) this.#attempts.now();
  }

  #drop() {
    this.#transport?.close();
    this.#trial?.close();
    this.#transport = this.#trial = null;
    this.#opened = this.#greeted = this.#proved = false;
    this.#timers.splice(0).forEach(clearTimeout); // clears intervals as well: they share their ids
    return ++this.#run;
  }
}
