/** What one comment looks like. Names and texts are set as text, never as markup. */

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** FNV-1a, 32 bits: the same name has the same colour on every page. */
export function hashOf(name) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  // Names that differ in one letter are still close; this is the finalizer of MurmurHash3, without its last round.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0;
}

/** Degrees on the colour circle. */
export function hueOf(name) {
  return hashOf(name) % 360;
}

export function create(tag, className, ...children) {
  const node = document.createElement(tag);
  node.className = className;
  node.append(...children);
  return node;
}

export function commentRow(comment) {
  if (comment.deleted) return create("li", "row tombstone", create("p", "text", "This comment was deleted."));
  const row = create("li", "row", avatar(comment.author.name), body(comment));
  row.dataset.cursor = comment.cursor;
  return row;
}

/** The comment that the moderators want everybody to see. */
export function pinnedRow(comment) {
  return create("div", "pin", create("span", "pin-mark", "Pinned"), name(comment.author.name), words(comment.text));
}

/** A comment that is still on its way; `status` holds what is happening to it. */
export function pendingRow(author, text) {
  const status = create("span", "status");
  const content = create("div", "body", name(author), " ", status, words(text));
  return { row: create("li", "row waiting", avatar(author), content), status };
}

export function gapRow(count, onLoad) {
  const noun = count === 1 ? "comment was" : "comments were";
  const button = create("button", "gap-load", "Show");
  button.type = "button";
  button.setAttribute("aria-label", "Show skipped comments");
  button.addEventListener("click", onLoad);
  return create("li", "gap", create("span", "", `${count.toLocaleString()} ${noun} skipped`), button);
}

function body(comment) {
  const edited = comment.edited ? [create("span", "time", "edited"), " "] : [];
  const head = [name(comment.author.name), " ", time(comment.created_at), " ", ...edited];
  return create("div", "body", ...head, words(comment.text));
}

function avatar(author) {
  const [initial = "?"] = graphemes(author);
  const disc = create("span", "avatar", initial.toLocaleUpperCase());
  disc.style.setProperty("--_hue", hueOf(author));
  disc.setAttribute("aria-hidden", "true");
  return disc;
}

function graphemes(text) {
  return Intl.Segmenter ? Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment) : [...text];
}

function name(author) {
  const node = create("span", "author", author);
  node.dir = "auto";
  return node;
}

function words(text) {
  const node = create("p", "text", text);
  node.dir = "auto";
  return node;
}

function time(createdAt) {
  const date = new Date(createdAt);
  const node = create("time", "time", CLOCK.format(date));
  node.dateTime = createdAt;
  node.title = DATE.format(date);
  return node;
}
