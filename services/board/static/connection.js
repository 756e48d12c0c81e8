/** Says whether the page is live, and brings the stream back when it fell silent or never came. */

const SILENCE = 25_000;
const AGAIN = 2_000;

export function watchConnection(live, note, zone) {
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: zone });
  let heard = Date.now();
  let connection = null;

  const alive = () => {
    heard = Date.now();
    note.textContent = "live";
    note.dataset.state = "live";
  };
  const lost = () => {
    if (note.dataset.state === "lost") return;
    note.dataset.state = "lost";
    note.textContent = `Connection lost. This is the day as of ${clock.format(heard)}; reconnecting…`;
  };

  live.addEventListener("htmx:sse:after:connection", (event) => {
    connection = event.detail.connection;
    alive();
  });
  live.addEventListener("htmx:sse:before:message", alive);
  live.addEventListener("htmx:sse:before:connection", (event) => {
    if (event.detail.connection.attempt > 0) lost();
  });
  live.addEventListener("htmx:sse:error", lost);
  live.addEventListener("htmx:error", () => {
    // The first connection failed: the extension only brings back a stream that once was.
    lost();
    setTimeout(() => htmx.trigger(live, "again"), AGAIN);
  });
  setInterval(() => {
    if (Date.now() - heard < SILENCE) return;
    lost();
    connection?.reader?.cancel();
  }, 5_000);
}
