/**
 * The reader's comments on their way to the server: one at a time, in order, each stored once.
 *
 * Every comment has an Idempotency-Key for all its tries, so an answer that was lost costs nothing. A comment leaves
 * here when its answer arrives; if the live stream is faster, its row is hidden until then (`claimed`).
 */

import { pendingRow } from "./row.js";

const TRIES_MAX = 8;
const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;

export class Outbox {
  #api;
  #element;
  #handlers;
  #entries = []; // { key, author, text, tries, doubtful, claimed, failed, row, status }
  #sending = false;
  #wake = null; // ends the present wait

  /**
   * Handlers: `keepPlace(change)` around changes of the page; `onSent(comment)`; `onHeld()` when a moderator
   * must look first; `onRefused(entry, problem)` answers whether the text was taken back, else the row stays.
   */
  constructor(api, element, handlers) {
    this.#api = api;
    this.#element = element;
    this.#handlers = handlers;
  }

  get length() {
    return this.#entries.length;
  }

  send(author, text) {
    const entry = { key: uuid(), author, text, tries: 0, doubtful: false, claimed: false, failed: false };
    Object.assign(entry, pendingRow(author, text));
    this.#entries.push(entry);
    this.#handlers.keepPlace(() => this.#element.append(entry.row));
    this.#say(entry, "Sending…");
    this.#pump();
  }

  /** The connection is back: there is no reason to wait any longer. */
  retryNow() {
    this.#wake?.();
  }

  /** The live stream showed these; hide the rows that are the same, so that nothing is on the page twice. */
  claim(comments) {
    for (const { author, text } of comments) {
      const same = (entry) => entry.tries > 0 && !entry.claimed && entry.author === author.name && entry.text === text;
      const entry = this.#entries.find(same);
      if (entry) {
        entry.claimed = true;
        entry.row.hidden = true;
      }
    }
  }

  async #pump() {
    if (this.#sending) return;
    this.#sending = true;
    for (let entry = this.#next(); entry; entry = this.#next()) {
      await this.#try(entry);
    }
    this.#sending = false;
  }

  #next() {
    return this.#entries.find((entry) => !entry.failed);
  }

  async #try(entry) {
    this.#say(entry, "Sending…");
    entry.tries += 1;
    try {
      const comment = await this.#api.post(entry.author, entry.text, entry.key);
      this.#remove(entry);
      if (comment.status === "held") this.#handlers.onHeld();
      else this.#handlers.onSent(comment);
    } catch (problem) {
      await this.#refused(entry, problem);
    }
  }

  async #refused(entry, problem) {
    entry.doubtful ||= !problem.definite;
    const limited = problem.status === 429;
    if ((problem.final || limited) && !entry.doubtful && this.#handlers.onRefused(entry, problem)) {
      this.#remove(entry);
    } else if (problem.final || entry.tries >= TRIES_MAX) {
      this.#giveUp(entry, problem);
    } else {
      const backoffMs = Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** entry.tries);
      const leastMs = (problem.retryAfterS ?? 0) * 1000;
      this.#say(entry, limited ? "Waiting its turn…" : "Not sent yet, trying again…");
      await this.#wait(leastMs + backoffMs, limited ? leastMs : 0);
    }
  }

  /** Wait, but at least `leastMs` even if woken. */
  async #wait(delayMs, leastMs) {
    const least = new Promise((done) => setTimeout(done, leastMs));
    await new Promise((done) => {
      this.#wake = done;
      setTimeout(done, delayMs);
    });
    this.#wake = null;
    await least;
  }

  #giveUp(entry, problem) {
    if (entry.claimed) {
      this.#remove(entry); // it is on the page: only its answer never came
      return;
    }
    entry.failed = true;
    const again = action("Try again", () => {
      Object.assign(entry, { failed: false, tries: 0 });
      this.#pump();
    });
    this.#say(entry, `Not sent: ${problem.message}. `, again, action("Discard", () => this.#remove(entry)));
  }

  #remove(entry) {
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#handlers.keepPlace(() => entry.row.remove());
  }

  #say(entry, ...content) {
    entry.row.classList.toggle("failed", entry.failed);
    entry.status.replaceChildren(...content);
  }
}

function action(label, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "action";
  button.textContent = label;
  button.addEventListener("click", onClick);
  return button;
}

/** A UUIDv7 (RFC 9562): random, with its time in front, which keeps the server's index of keys small. */
function uuid() {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0"));
  const time = Date.now().toString(16).padStart(12, "0");
  const tail = `7${random.join("").slice(1, 4)}-8${random.join("").slice(5, 8)}-${random.join("").slice(8, 20)}`;
  return `${time.slice(0, 8)}-${time.slice(8)}-${tail}`;
}
