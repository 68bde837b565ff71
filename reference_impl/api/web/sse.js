/**
 * Server-sent events: plain HTTP, which nearly every proxy lets through, though some hold it back.
 *
 * EventSource repeats at a fixed delay and would bring a crowd back all at once, so it is closed on the first error;
 * when it is opened anew is the stream's to decide. A new one sends no Last-Event-ID; the cursor goes in the address.
 */

const LOGGED = ["comment", "edit", "delete", "pin", "unpin", "settings", "state", "ban", "unban", "void", "gap", "shed"];
const NOTICES = ["hello", "heartbeat", "reactions", "viewers", "typing", "room", "reconnect", "end"];

export class Sse {
  #api;
  #handlers;
  #source = null;

  /** Handlers of each transport: `onOpen()`, `onMessage({ event, id, data })`, `onLost(reason, problem)`. */
  constructor(api, handlers) {
    this.#api = api;
    this.#handlers = handlers;
  }

  open(cursor) {
    this.#source = new EventSource(this.#api.eventsUrl(cursor));
    this.#source.onopen = () => this.#handlers.onOpen();
    this.#source.onerror = () => {
      this.close();
      this.#handlers.onLost("the connection was refused or broke off");
    };
    // A message without an id carries that of the one before, which would make it look like an old one. In a crowd even
    // comments have none: their window's `shed` has it.
    LOGGED.forEach((event) => this.#listen(event, (id, { cursor = id }) => (id === cursor ? id : undefined)));
    NOTICES.forEach((event) => this.#listen(event, () => undefined));
  }

  close() {
    this.#source?.close();
    this.#source = null;
  }

  #listen(event, idOf) {
    this.#source.addEventListener(event, (said) => {
      if (said.target !== this.#source) return; // received before it was closed, and dispatched after
      const data = JSON.parse(said.data);
      this.#handlers.onMessage({ event, id: idOf(said.lastEventId, data), data });
    });
  }
}
