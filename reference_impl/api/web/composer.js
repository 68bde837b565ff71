/** Where a comment is written: a name, a text, what is wrong with them, and nothing typed is ever lost. */

export const TEXT_MAX = 500; // code points
const NAME_MAX = 40;
const COUNT_FROM = 400; // below this the counter is of no use to anybody
const NAME_KEY = "live-comments:author";

const REMOVED = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text as the server will store it. */
export function clean(raw) {
  return raw.replace(REMOVED, "").replace(/\s+/g, " ").trim().normalize("NFC");
}

export class Composer {
  #form;
  #name;
  #text;
  #send;
  #counter;
  #message;
  #handlers;
  #blockedUntil = 0;
  #ticker = null;
  #closed = false;

  /** Handlers: `onSubmit(author, text)`, `onSay(message)` for those who do not see it. */
  constructor(form, author, handlers) {
    this.#form = form;
    this.#handlers = handlers;
    [this.#name, this.#text, this.#send] = ["#name", "#text", ".send"].map((part) => form.querySelector(part));
    [this.#counter, this.#message] = [".counter", ".message"].map((part) => form.querySelector(part));
    this.#name.value = author || remembered();
    this.#name.readOnly = Boolean(author);
    form.addEventListener("submit", (event) => this.#submit(event));
    form.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#update();
  }

  /** Give a refused text back, unless something else has been written meanwhile. */
  restore(text) {
    if (this.#text.value) return false;
    this.#text.value = text;
    this.#update();
    return true;
  }

  /** Say why a comment was refused; with `waitS`, count down to when the next one is welcome. */
  refuse(message, waitS) {
    this.#handlers.onSay(waitS ? `${message} You can post again in ${Math.ceil(waitS)} seconds.` : message);
    if (!waitS) {
      this.#say(message);
      return;
    }
    this.#blockedUntil = Date.now() + waitS * 1000;
    clearInterval(this.#ticker);
    this.#ticker = setInterval(() => this.#countDown(message), 250);
    this.#countDown(message);
  }

  /** A closed stream takes no comments; what is written stays. */
  close(closed) {
    if (this.#closed === Boolean(closed)) return;
    this.#closed = Boolean(closed);
    this.#say(closed ? "This stream is closed." : "");
    this.#update();
  }

  stop() {
    clearInterval(this.#ticker);
  }

  #countDown(message) {
    const leftS = Math.ceil((this.#blockedUntil - Date.now()) / 1000);
    this.#say(leftS > 0 ? `${message} You can post again in ${leftS} s.` : "");
    if (leftS <= 0) this.stop();
    this.#update();
  }

  #submit(event) {
    event.preventDefault();
    const [author, text] = [clean(this.#name.value), clean(this.#text.value)];
    if (text && !author) {
      this.#say("Choose a name first.");
      this.#handlers.onSay("Choose a name first.");
      this.#name.focus();
      return;
    }
    if (this.#send.disabled) return;
    remember(author);
    this.#text.value = "";
    this.#changed();
    this.#text.focus();
    this.#handlers.onSubmit(author, text);
  }

  #key(event) {
    // Enter also ends the choice of a character in input methods; that one is not ours.
    if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
    event.preventDefault();
    this.#form.requestSubmit();
  }

  #changed() {
    if (Date.now() >= this.#blockedUntil && !this.#closed) this.#say("");
    this.#update();
  }

  #update() {
    const length = [...clean(this.#text.value)].length;
    const nameLength = [...clean(this.#name.value)].length;
    this.#counter.textContent = length >= COUNT_FROM ? `${length} / ${TEXT_MAX}` : "";
    if (nameLength > NAME_MAX) this.#counter.textContent = `Name: ${nameLength} / ${NAME_MAX}`;
    const tooLong = length > TEXT_MAX || nameLength > NAME_MAX;
    this.#form.classList.toggle("too-long", tooLong);
    this.#text.setAttribute("aria-invalid", String(length > TEXT_MAX));
    this.#name.setAttribute("aria-invalid", String(nameLength > NAME_MAX));
    this.#send.disabled = this.#closed || length === 0 || nameLength === 0 || tooLong || Date.now() < this.#blockedUntil;
  }

  #say(message) {
    this.#message.textContent = message;
  }
}

// Storage may be forbidden; then the name is asked for on each visit.
function remembered() {
  try {
    return localStorage.getItem(NAME_KEY) ?? "";
  } catch {
    return "";
  }
}

function remember(author) {
  try {
    localStorage.setItem(NAME_KEY, author);
  } catch {
    // nothing to do
  }
}
