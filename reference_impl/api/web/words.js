/** What readers are told, in one place. */

const STATES = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", offline: "Offline" };

export function stateWords({ state, retryAt, reason }) {
  if (state === "unavailable") return `Unavailable: ${reason}`;
  const leftS = Math.ceil(((retryAt ?? 0) - Date.now()) / 1000);
  return state === "reconnecting" && leftS > 0 ? `Reconnecting in ${leftS} s` : STATES[state];
}

const TRANSPORTS = { websocket: "WebSocket", sse: "server-sent events", poll: "long polling", segments: "cached segments" };

export function transportWords(transport) {
  return TRANSPORTS[transport];
}

export function fallbackWords({ from, to, reason }) {
  return `${TRANSPORTS[from]} ${reason}, using ${TRANSPORTS[to]}`;
}

const ENDINGS = { token_expired: "your session has ended", forbidden: "you may not read this stream" };

export function endingWords(reason) {
  return ENDINGS[reason] ?? reason;
}

/** About how many are watching; small counts are exact. */
export function viewersWords({ count, error }) {
  return `${error ? "about " : ""}${count.toLocaleString()} watching`;
}

/** How much is not shown, and why; empty when nothing is left out. */
export function shedWords({ total, elsewhere, perSecond }) {
  const here = total - elsewhere;
  const more = `${here.toLocaleString()} more comment${here === 1 ? "" : "s"}`;
  const said = [
    ...(here > 0 ? [`${more} — this chat shows ${perSecond.toLocaleString()} a second`] : []),
    ...(elsewhere > 0 ? [`${elsewhere.toLocaleString()} in other rooms`] : []),
  ];
  return said.join(" · ");
}

export function roomWords({ room, viewers, error }) {
  return `${room}, ${viewersWords({ count: viewers, error })}`;
}

export function refusalWords(problem) {
  if (problem.kind === "slow-mode") return "This stream is in slow mode.";
  if (problem.status === 429) return "You are posting very fast.";
  if (problem.kind === "unauthenticated" || problem.kind === "not-found") return "Sign in to comment.";
  if (problem.status === 422) return `This cannot be posted: ${problem.message}.`;
  return `Not sent: ${problem.message}.`;
}
