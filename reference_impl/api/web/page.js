/** The page around the widget: which stream, how it is doing, and the rings on the water. */

import { hashOf, hueOf } from "./row.js";

const SVG = "http://www.w3.org/2000/svg";
const HORIZON = 380;
const RINGS_MAX = 30; // on the water at a time; a downpour shows no more than that
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

const find = (selector) => document.querySelector(selector);
const query = new URLSearchParams(location.search);
const stream = query.get("stream") || "demo";
const settings = ["transport", "room"]; // to try one, as ?transport=poll; to meet friends, as ?room=north

// The widget's own script runs after this one, so it starts with the right stream at once.
find("live-comments").setAttribute("stream", stream);
for (const name of settings.filter((each) => query.get(each))) {
  find("live-comments").setAttribute(name, query.get(name));
}
find(".stream").textContent = stream;
document.title = `${stream} · Live Comments`;

document.addEventListener("live-comments:state", ({ detail }) => {
  find(".live").dataset.state = detail.state;
  find(".live .words").textContent = detail.words;
});

document.addEventListener("live-comments:stats", ({ detail }) => {
  const { perSecond } = detail;
  find(".rate .figure").textContent = perSecond < 10 ? Number(perSecond.toFixed(1)) : Math.round(perSecond);
});

document.addEventListener("live-comments:comments", ({ detail }) => {
  if (document.hidden || STILL.matches) return;
  const free = RINGS_MAX - find(".rings").childElementCount;
  detail.comments.slice(0, Math.max(0, free)).forEach(({ author }) => drop(author.name));
});

/** Each author has a place on the water; a little chance keeps their rings from falling into one. */
function drop(author) {
  const hash = hashOf(author);
  const depth = (hash >>> 16) / 0xffff; // 0 at the horizon, 1 at the near edge
  const x = 330 + ((hash & 0xffff) / 0xffff) * 940 + (Math.random() - 0.5) * 60;
  const y = HORIZON + 45 + depth * 400 + (Math.random() - 0.5) * 24;
  const size = 0.3 + depth * 0.7;
  const ring = document.createElementNS(SVG, "g");
  ring.setAttribute("transform", `translate(${x.toFixed()} ${y.toFixed()}) scale(${size.toFixed(2)})`);
  ring.style.setProperty("--hue", hueOf(author));
  ring.append(...[0, 1, 2].map(circle));
  ring.lastElementChild.addEventListener("animationend", () => ring.remove());
  find(".rings").append(ring);
}

function circle(order) {
  const ellipse = document.createElementNS(SVG, "ellipse");
  ellipse.setAttribute("rx", 190);
  ellipse.setAttribute("ry", 46);
  ellipse.style.setProperty("--order", order);
  return ellipse;
}
