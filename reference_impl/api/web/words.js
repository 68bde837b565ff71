/** What readers are told, in one place. */

const STATES = { connecting: "Connecting…", live: "Live", reconnecting: "Reconnecting…", offline: "Offline" };

export function stateWords({ state, retryAt, reason }) {
  if (state === "unavailable") return `Unavailable: ${reason}`;
  const leftS = Math.ceil(((retryAt ?? 0) - Date.now()) / 1000);
  return state === "reconnecting" && leftS > 0 ? `Reconnecting in ${leftS} s` : STATES[state];
}

const TRANSPORTS = { websocket: "WebSocket", sse: "server-sent events", poll: "long polling" };

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

export function refusalWords(problem) {
  if (problem.kind === "slow-mode") return "This stream is in slow mode.";
  if (problem.status === 429) return "You are posting very fast.";
  if (problem.kind === "unauthenticated" || problem.kind === "not-found") return "Sign in to comment.";
  if (problem.status === 422) return `This cannot be posted: ${problem.message}.`;
  return `Not sent: ${problem.message}.`;
}
