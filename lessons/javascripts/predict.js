// Predictions: what a lesson reveals stays closed until the reader has committed to an answer for every question.
// Without this script the page is still whole: the options are boxes to tick, and the rest opens with one click.
(() => {
  "use strict";
  const reveal = document.querySelector("details.reveal");
  const lists = reveal ? [...document.querySelectorAll("ul.task-list")].filter((list) => comesBefore(list, reveal)) : [];
  if (!lists.length) return;

  const key = `prediction:${location.pathname.replace(/index\.html$/, "")}`;
  const summary = reveal.querySelector("summary");
  const hidden = element("div");
  hidden.append(...[...reveal.childNodes].filter((node) => node !== summary));
  reveal.append(hidden);
  const questions = lists.map(asQuestion);
  const outcomes = outcomesOf(hidden);

  const commit = element("button", { type: "button", className: "md-button md-button--primary", textContent: "Commit" });
  const again = element("button", { type: "button", className: "predict-again", textContent: "Predict again" });
  const status = element("p", { className: "predict-status" });
  status.setAttribute("role", "status"); // a polite live region: a screen reader says what changes in it
  const bar = element("div", { className: "predict" });
  bar.append(commit, status, again);
  reveal.before(bar);

  let committed = false;
  const chosen = () => questions.map(({ inputs }) => inputs.find(({ checked }) => checked)?.value ?? null);
  const missing = () => chosen().filter((answer) => answer === null).length;

  commit.addEventListener("click", () => {
    keep(true);
    show(true);
    reveal.open = true;
    summary.focus({ preventScroll: true }); // the button is gone, and what it opened comes next
    followHash();
  });
  again.addEventListener("click", () => {
    for (const { inputs } of questions) for (const input of inputs) input.checked = false;
    keep(false);
    show(false);
    questions[0].inputs[0].focus();
  });
  summary.addEventListener("click", (event) => {
    if (committed) return;
    event.preventDefault();
    status.textContent = missing() ? `Not yet: ${progress()}` : "Not yet: commit first.";
  });
  // Whatever else opens it (a link to a heading inside, a search of the page, printing) does not reveal it either.
  reveal.addEventListener("toggle", () => {
    if (!committed) reveal.open = false;
  });
  addEventListener("hashchange", followHash);

  const kept = restored();
  show(kept);
  if (kept) reveal.open = true;
  followHash();

  function comesBefore(node, other) {
    return Boolean(node.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING) && !other.contains(node);
  }

  function element(name, properties = {}) {
    return Object.assign(document.createElement(name), properties);
  }

  function words(node) {
    return node.textContent.replace(/\s+/g, " ").trim();
  }

  /** Ticks become one choice of several; the text before them names the group. */
  function asQuestion(list, index) {
    const asked = element("span", { id: `question-${index + 1}` });
    list.before(asked);
    const before = [...list.parentElement.childNodes];
    asked.append(...before.slice(0, before.indexOf(asked)));
    list.setAttribute("role", "radiogroup");
    list.setAttribute("aria-labelledby", asked.id);
    list.classList.add("predict-options");
    const inputs = [...list.children].map((item) => {
      item.setAttribute("role", "presentation");
      item.querySelector(".task-list-control, input")?.remove();
      const input = element("input", { type: "radio", name: asked.id, value: words(item) });
      const label = element("label");
      label.append(input, ...item.childNodes);
      item.append(label);
      input.addEventListener("change", () => {
        keep(false);
        show(false);
      });
      return input;
    });
    return { list, inputs };
  }

  /** The items under "What came out", each of which begins with the right answer in bold. */
  function outcomesOf(inside) {
    const found = inside.querySelector("h2")?.parentElement.querySelector("ol");
    return [...(found?.children ?? [])].map((item) => ({ item, right: words(item.querySelector("strong") ?? item) }));
  }

  function progress() {
    return `${questions.length - missing()} of ${questions.length} questions answered.`;
  }

  /** Show the page as it is before the commitment, or after it. */
  function show(done) {
    committed = done;
    if (!done) reveal.open = false;
    hidden.hidden = !done;
    summary.setAttribute("aria-disabled", String(!done));
    reveal.classList.toggle("reveal--locked", !done);
    commit.hidden = done;
    commit.disabled = missing() > 0;
    again.hidden = !done;
    for (const { inputs } of questions) for (const input of inputs) input.disabled = done;
    showContents(done);
    const right = showVerdicts(done);
    status.textContent = done ? `Committed: ${right} of ${questions.length} right.` : progress();
  }

  /** Headings of what is not revealed are no part of the table of contents. */
  function showContents(done) {
    for (const link of document.querySelectorAll(".md-nav--secondary a[href*='#']")) {
      if (inside(link.hash)) link.closest("li").hidden = !done;
    }
  }

  /** What the reader said, beside each outcome; the number of right ones. */
  function showVerdicts(done) {
    for (const old of hidden.querySelectorAll(".predict-verdict")) old.remove();
    let count = 0;
    chosen().forEach((answer, index) => {
      const { item, right } = outcomes[index] ?? {};
      if (!done || !item) return;
      const agrees = answer === right;
      count += agrees;
      const verdict = element("p", { className: `predict-verdict predict-verdict--${agrees ? "right" : "wrong"}` });
      verdict.append(`${agrees ? "✓" : "✗"} You said `, element("em", { textContent: answer }), agrees ? ": right." : ".");
      item.append(verdict);
    });
    return count;
  }

  /** What a link leads to, if that is something which is not shown at first. */
  function inside(hash) {
    const target = [...hidden.querySelectorAll("[id]")].find(({ id }) => hash === `#${id}` || hash === `#${encodeURIComponent(id)}`);
    return target ?? null;
  }

  /** A link to what is revealed leads there, or to the questions as long as it is not. */
  function followHash() {
    const target = inside(location.hash);
    if (!target) return;
    if (committed) reveal.open = true;
    (committed ? target : lists[0].closest("ol")).scrollIntoView();
  }

  function keep(done) {
    try {
      localStorage.setItem(key, JSON.stringify({ answers: chosen(), committed: done }));
    } catch {
      // A browser that keeps nothing forgets the answers with the page.
    }
  }

  /** Choose what was chosen before; whether it was committed to. Answers that are no longer offered are forgotten. */
  function restored() {
    let found = null;
    try {
      found = JSON.parse(localStorage.getItem(key));
    } catch {
      return false;
    }
    questions.forEach(({ inputs }, index) => {
      const kept = inputs.find(({ value }) => value === found?.answers?.[index]);
      if (kept) kept.checked = true;
    });
    return Boolean(found?.committed) && missing() === 0;
  }
})();
