/** The widget's fixed markup; everything that comes from people is added as text. */

export const TEMPLATE = document.createElement("template");

TEMPLATE.innerHTML = `
  <link rel="stylesheet">
  <section class="chat" aria-labelledby="title" hidden>
    <header class="head">
      <h2 class="title" id="title">Comments</h2>
      <p class="viewers"></p>
      <button
        class="state" type="button" data-state="connecting"
        title="About this connection" aria-expanded="false" aria-controls="diagnostics"
      ><span class="dot"></span><span class="words"></span></button>
    </header>
    <section class="diagnostics" id="diagnostics" tabindex="0" aria-label="About this connection" hidden></section>
    <div class="pinned" aria-label="Pinned comment" role="region"></div>
    <div class="window">
      <div class="log" role="log" aria-live="off" aria-label="Comments" tabindex="0">
        <button class="earlier" type="button" hidden>Show earlier</button>
        <ol class="list"></ol>
        <ol class="pending" aria-label="Being sent"></ol>
      </div>
      <p class="empty" hidden>Nobody has said anything yet.</p>
      <button class="pill" type="button" hidden></button>
    </div>
    <p class="shed" hidden></p>
    <form class="composer" novalidate>
      <div class="who">
        <label for="name">Name</label>
        <input id="name" autocomplete="nickname" spellcheck="false" placeholder="What shall we call you?">
      </div>
      <div class="what">
        <label class="unseen" for="text">Comment</label>
        <textarea id="text" rows="1" placeholder="Say something" enterkeyhint="send" aria-describedby="note"></textarea>
        <button class="send" type="submit" aria-label="Send" disabled>
          <svg viewBox="0 0 20 20" aria-hidden="true"><path d="M10 16V4M4.5 9.5 10 4l5.5 5.5"/></svg>
        </button>
      </div>
      <p class="note" id="note"><span class="message"></span><span class="counter"></span></p>
    </form>
    <div class="announcer unseen" role="status"></div>
  </section>`;

// Bare markup would flash before the styles are there; without styles it is still of use.
export function dress(root) {
  const [sheet, chat] = [root.querySelector("link"), root.querySelector(".chat")];
  sheet.onload = sheet.onerror = () => (chat.hidden = false);
  sheet.href = new URL("live-comments.css", import.meta.url);
}
