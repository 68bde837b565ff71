/** A WebSocket: one connection for both directions, which some networks do not let through. */

const SUBPROTOCOL = "livecomments.v1";
const ENDINGS = { 4401: "token_expired", 4403: "forbidden" };

export class Socket {
  #api;
  #handlers;
  #socket = null;

  constructor(api, handlers) {
    this.#api = api;
    this.#handlers = handlers;
  }

  open(cursor) {
    try {
      this.#socket = new WebSocket(this.#api.websocketUrl(cursor), SUBPROTOCOL);
    } catch (error) {
      // The browser itself may forbid it, as a page loaded over TLS may not connect without.
      queueMicrotask(() => this.#handlers.onLost(error.message));
      return;
    }
    this.#socket.onopen = () => this.#handlers.onOpen();
    this.#socket.onmessage = ({ data }) => this.#hear(data);
    this.#socket.onclose = (ending) => this.#closed(ending);
  }

  close() {
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** A frame holds one message a line; any of them may bring the stream to close this. */
  #hear(text) {
    const socket = this.#socket;
    for (const line of text.split("\n")) {
      if (socket === this.#socket) this.#handlers.onMessage(JSON.parse(line));
    }
  }

  #closed({ code, reason }) {
    this.close();
    if (ENDINGS[code]) this.#handlers.onMessage({ event: "end", data: { reason: ENDINGS[code] } });
    else this.#handlers.onLost(reason || `the connection was refused or broke off (code ${code})`);
  }
}
