/** Let time pass, or the signal end it. */
export function pause(delayMs, signal) {
  return new Promise((done) => {
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener("abort", finish);
    function finish() {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      done();
    }
  });
}
