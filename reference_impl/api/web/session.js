/**
 * Who the reader is to the server: an access token, asked for when something is first written, and again when it ends.
 *
 * It comes from an address of the embedding site (`token-url`), which knows its users; on a development server, and
 * without that address, from the server itself, which believes any name.
 */

import { ask } from "./ask.js";

const EARLY_MS = 30_000; // before its end a token is no longer used

export class Session {
  #url;
  #tokens = new Map(); // by name: { token, untilMs }

  constructor(server, tokenUrl) {
    this.#url = tokenUrl || `${server.replace(/\/+$/, "")}/v1/dev/tokens`;
  }

  async token(name) {
    const known = this.#tokens.get(name);
    if (known && Date.now() < known.untilMs) return known.token;
    const { token, expires_in_s: expiresInS } = await ask(this.#url, {
      method: "POST",
      credentials: "include",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: name, name }),
    });
    this.#tokens.set(name, { token, untilMs: Date.now() + expiresInS * 1000 - EARLY_MS });
    return token;
  }

  /** The server no longer believes it. */
  forget(name) {
    this.#tokens.delete(name);
  }

  /** All that was given to this reader has ended; asking the site again also renews the cookie it may read with. */
  async renew() {
    const names = [...this.#tokens.keys()];
    this.#tokens.clear();
    await Promise.all(names.map((name) => this.token(name)));
  }
}
