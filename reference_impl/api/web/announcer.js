/**
 * Tells screen readers what happens, at a pace at which it can be listened to: the list itself is not a live region,
 * this summary is, and it speaks every few seconds at most.
 */

const PAUSE_MS = 5_000;
const READ_OUT_MAX = 2; // more comments than this are counted instead of read

export class Announcer {
  #element;
  #comments = [];
  #count = 0;
  #timer = null;

  constructor(element) {
    this.#element = element;
  }

  stop() {
    clearTimeout(this.#timer);
  }

  comments(batch) {
    this.#count += batch.length;
    this.#comments = [...this.#comments, ...batch].slice(-READ_OUT_MAX);
    this.#timer ??= setTimeout(() => this.#speak(), PAUSE_MS);
  }

  say(message) {
    this.#element.textContent = message;
  }

  #speak() {
    const latest = this.#comments.map(({ author, text }) => `${author.name}: ${text}`);
    this.say(this.#count > READ_OUT_MAX ? `${this.#count} new comments. Latest, ${latest.at(-1)}` : latest.join(". "));
    this.#comments = [];
    this.#count = 0;
    this.#timer = null;
  }
}
