/**
 * What the page knows about its connection, for whoever wonders why comments are late: opened from the state at the
 * top, and kept up to date while it is open.
 */

import { create } from "./row.js";
import { fallbackWords, roomWords, transportWords } from "./words.js";

const REFRESH_MS = 1_000;
const NONE = "None yet";
const FINE = "Everything arrives in time.";
const LATE = "Comments come some seconds late.";
const ASKING = new Set(["poll", "segments"]); // transports that send no heartbeats
const SHARING = {
  alone: "No, this tab has a connection of its own",
  leader: "Yes, this tab holds the connection",
  follower: "Yes, another tab holds the connection",
};

export class Panel {
  #button;
  #element;
  #report;
  #timer = null;
  #built = ""; // what the present nodes are for

  /** `report()` answers the facts; see SharedStream. */
  constructor(button, element, report) {
    this.#button = button;
    this.#element = element;
    this.#report = report;
    button.addEventListener("click", () => this.#show(element.hidden));
    [button, element].forEach((part) => part.addEventListener("keydown", (event) => this.#key(event)));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #show(open) {
    this.stop();
    this.#element.hidden = !open;
    this.#button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    this.#refresh();
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MS);
  }

  #key(event) {
    if (event.key !== "Escape" || this.#element.hidden) return;
    this.#show(false);
    this.#button.focus();
  }

  /** Only what has changed is touched, so that a selected text stays selected. */
  #refresh() {
    const report = this.#report();
    const [verdicts, facts] = [verdictsOf(report), factsOf(report)];
    const words = JSON.stringify([verdicts, facts.map(([term]) => term)]);
    if (this.#built !== words) this.#build(verdicts, facts);
    this.#built = words;
    this.#element.querySelectorAll("dd").forEach((node, index) => {
      if (node.textContent !== facts[index][1]) node.textContent = facts[index][1];
    });
  }

  #build(verdicts, facts) {
    const lines = verdicts.map((verdict) => create("p", verdict === FINE ? "verdict" : "verdict wrong", verdict));
    const terms = facts.flatMap(([term]) => [create("dt", "", term), create("dd", "")]);
    this.#element.replaceChildren(...lines, create("dl", "facts", ...terms));
  }
}

function verdictsOf({ verdicts, state, rung }) {
  const found = verdicts.map((verdict) => sentence(verdict));
  if (state === "live" && rung === "segments") found.push(LATE);
  return found.length > 0 || state !== "live" ? found : [FINE];
}

function factsOf(report) {
  const { role, rung, fallbacks, forced, heartbeatAgeMs, skewMs, reconnects, position, gaps, room, shed } = report;
  return [
    ["Transport", sentence(transportWords(rung), "")],
    ["Why", forced ? "This page asks for it." : reasonOf(fallbacks)],
    ["Shared", SHARING[role]],
    ["Room", room ? roomWords(room) : "The whole stream"],
    [ASKING.has(rung) ? "Last answer" : "Heartbeat", heartbeatAgeMs === null ? NONE : `${seconds(heartbeatAgeMs)} ago`],
    ["Clock", skewMs ? `${seconds(skewMs)} ${skewMs > 0 ? "ahead of" : "behind"} the server's` : "As the server's"],
    ["Reconnects", reconnects.toLocaleString()],
    ["Position", position ?? NONE],
    ["Gaps", gaps.toLocaleString()],
    ["Left out", shed.toLocaleString()],
  ];
}

function reasonOf(fallbacks) {
  return fallbacks.map((fallback) => sentence(fallbackWords(fallback))).join(" ") || "The first choice.";
}

function seconds(durationMs) {
  return `${Math.round(Math.abs(durationMs) / 1000).toLocaleString()} s`;
}

function sentence(words, end = ".") {
  return `${words[0].toLocaleUpperCase()}${words.slice(1)}${end}`;
}
