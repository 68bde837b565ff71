/**
 * `<live-comments stream="demo">`: a live chat for any page, with one script tag.
 *
 *     <script type="module" src="https://comments.example/web/live-comments.js"></script>
 *     <live-comments stream="demo"></live-comments>
 *
 * Attributes: `stream`; `server`, an origin (default: where this script came from); `author`, a fixed name;
 * `token-url`, where your site answers a POST with `{"token", "expires_in_s"}` for the user who is signed in;
 * `transport`, one of `websocket`, `sse`, `poll` and `segments` (default: the best that works, found out by trying);
 * `room`, where friends meet in a stream that has several (default: the server chooses).
 * Events, which bubble: `live-comments:state` { state, words }; `live-comments:stats` { perSecond, received, viewers },
 * each second (`viewers` is about how many are watching, or null); `live-comments:comments` { comments } as they are
 * shown. Theming: the custom properties in live-comments.css.
 */

import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { Feed } from "./feed.js";
import { CommentList } from "./list.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Rate } from "./rate.js";
import { pinnedRow } from "./row.js";
import { Scroller } from "./scroller.js";
import { Session } from "./session.js";
import { SharedStream } from "./shared_stream.js";
import { TEMPLATE, dress } from "./template.js";
import { refusalWords, shedWords, stateWords, viewersWords } from "./words.js";

const HERE = new URL("..", import.meta.url).href;

class LiveComments extends HTMLElement {
  static observedAttributes = ["stream", "server", "author", "token-url", "transport", "room"];

  #parts = null;
  #state = { state: "connecting" };
  #ticker = null;
  #pinnedId = undefined;
  #viewers = null;

  connectedCallback() {
    this.shadowRoot ?? this.attachShadow({ mode: "open" });
    this.#start();
  }

  disconnectedCallback() {
    this.#stop();
  }

  attributeChangedCallback(_name, before, after) {
    if (this.#parts && before !== after) this.#start();
  }

  #start() {
    this.#stop();
    // A fresh copy of everything: answers still on their way to the old parts then change nothing on the page.
    this.shadowRoot.replaceChildren(TEMPLATE.content.cloneNode(true));
    dress(this.shadowRoot);
    const server = this.getAttribute("server") || HERE;
    const session = new Session(server, this.getAttribute("token-url"));
    const api = new Api(server, this.getAttribute("stream") || "demo", session, this.getAttribute("room"));
    this.#viewers = null;
    this.#parts = { rate: new Rate((...counts) => this.#emitStats(...counts)) };
    this.#parts.announcer = new Announcer(this.#find(".announcer"));
    this.#buildList(api);
    this.#buildComposer(api);
    this.#connect(api, session, server);
    this.#ticker = setInterval(() => this.#showState(), 500);
  }

  #stop() {
    clearInterval(this.#ticker);
    Object.values(this.#parts ?? {}).forEach((part) => part.stop?.());
    this.#parts = null;
  }

  #buildList(api) {
    const [log, rows] = [this.#find(".log"), this.#find(".list")];
    const scroller = new Scroller(log, rows, { onEnd: () => feed.reachedEnd(), onTop: () => feed.loadEarlier() });
    const feed = new Feed(api, new CommentList(rows), scroller, {
      onBatch: (comments) => this.#arrived(comments),
      onChange: (view) => this.#showView(view),
    });
    this.#find(".earlier").addEventListener("click", ({ target }) => {
      target.scrollIntoView({ block: "nearest" }); // pressed by key it may be out of sight, and the reader would stay
      feed.loadEarlier();
    });
    this.#find(".pill").addEventListener("click", () => this.#jump());
    Object.assign(this.#parts, { scroller, feed });
  }

  #buildComposer(api) {
    const { announcer, feed, scroller } = this.#parts;
    const outbox = new Outbox(api, this.#find(".pending"), {
      keepPlace: (change) => scroller.keepPlace(change),
      onSent: (comment) => feed.receiveOwn(comment),
      onHeld: () => this.#parts.composer.refuse("Your comment waits for a moderator."),
      onRefused: (entry, problem) => this.#refused(entry, problem),
    });
    const composer = new Composer(this.#find(".composer"), this.getAttribute("author"), {
      onSubmit: (author, text) => {
        outbox.send(author, text);
        feed.jumpToNewest();
      },
      onSay: (message) => announcer.say(message),
    });
    Object.assign(this.#parts, { outbox, composer });
  }

  #connect(api, session, server) {
    const { feed, rate } = this.#parts;
    const reader = ["stream", "author", "token-url", "transport", "room"].map((name) => this.getAttribute(name));
    const settings = { server, transport: this.getAttribute("transport"), reader: [server, ...reader] };
    const stream = new SharedStream(api, settings, {
      begin: () => feed.begin(),
      renew: () => session.renew(),
      onComment: (comment) => {
        rate.count();
        feed.receive(comment);
      },
      onEvent: (kind, data) => this.#hear(kind, data),
      onGap: (gap) => feed.receiveGap(gap),
      onShed: (shed) => this.#showShed(shed),
      onState: (state) => this.#changeState(state),
    });
    const panel = new Panel(this.#find(".state"), this.#find(".diagnostics"), () => stream.report(Date.now()));
    Object.assign(this.#parts, { stream, panel });
    stream.start();
  }

  #arrived(comments) {
    this.#parts.outbox.claim(comments);
    this.#parts.announcer.comments(comments);
    this.#emit("comments", { comments });
  }

  /** Everything on the stream that is not a new comment. */
  #hear(kind, data) {
    const { feed, composer } = this.#parts;
    const stands = kind === "hello" && "pinned" in data; // segments greet without
    if (stands || kind === "pin") this.#pin(stands ? data.pinned : data.comment);
    if ((kind === "hello" && data.state) || kind === "state") composer.close(data.state && data.state !== "open");
    if (kind === "viewers") this.#showViewers(data);
    if (kind === "hello" && data.viewers) this.#showViewers(data.viewers);
    if (kind === "unpin") this.#pin(null);
    if (kind === "edit") {
      feed.receiveChange(data.comment);
      if (data.comment_id === this.#pinnedId) this.#pin(data.comment);
    }
    if (kind === "delete") {
      feed.receiveChange({ id: data.comment_id, deleted: true });
      if (data.comment_id === this.#pinnedId) this.#pin(null);
    }
  }

  #pin(comment) {
    this.#pinnedId = comment?.id;
    this.#find(".pinned").replaceChildren(...(comment ? [pinnedRow(comment)] : []));
  }

  /** Whether the text could be given back to its writer. */
  #refused(entry, problem) {
    const { composer, outbox } = this.#parts;
    if (outbox.length > 1 || !composer.restore(entry.text)) return false;
    composer.refuse(refusalWords(problem), problem.status === 429 ? problem.retryAfterS : null);
    return true;
  }

  #jump() {
    this.#parts.feed.jumpToNewest();
    this.#find(".log").focus(); // the button is about to vanish, and the focus with it
  }

  #showView({ unread, earlier, empty }) {
    const pill = this.#find(".pill");
    pill.hidden = unread === 0;
    pill.textContent = `${unread.toLocaleString()} new comment${unread === 1 ? "" : "s"}`;
    this.#find(".earlier").hidden = !earlier;
    this.#find(".empty").hidden = !empty;
  }

  #showViewers(viewers) {
    this.#viewers = viewers.count;
    this.#find(".viewers").textContent = viewersWords(viewers);
  }

  /** One line that counts up, and nobody is interrupted by it: it is read by those who come to it. */
  #showShed(shed) {
    const line = this.#find(".shed");
    line.textContent = shedWords(shed);
    line.hidden = shed.total === 0;
  }

  #changeState(state) {
    const wasLive = this.#state.state === "live";
    this.#state = state;
    if (state.state === "live") this.#parts.outbox.retryNow();
    if (wasLive !== (state.state === "live")) this.#parts.announcer.say(stateWords({ state: state.state }));
    this.#showState();
  }

  #showState() {
    const { state } = this.#state;
    const words = stateWords(this.#state);
    const shown = this.#find(".state .words");
    if (shown.textContent === words) return;
    shown.textContent = words;
    this.#find(".state").dataset.state = state;
    this.#emit("state", { state, words });
  }

  #find(selector) {
    return this.shadowRoot.querySelector(selector);
  }

  #emitStats(perSecond, received) {
    this.#emit("stats", { perSecond, received, viewers: this.#viewers });
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(`live-comments:${name}`, { detail, bubbles: true, composed: true }));
  }
}

customElements.define("live-comments", LiveComments);
