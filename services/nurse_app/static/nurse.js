/** The nurse's page: taps become acts, news becomes a fresh round. */

import "./route-map.js";
import { send } from "./acts.js";

const round = document.getElementById("round");
const live = document.getElementById("live");
const refused = document.getElementById("refused");
const changed = document.getElementById("changed");
const connection = document.getElementById("connection");
const reasons = document.getElementById("reasons");

const SILENCE = 25_000;
const AGAIN = 2_000;

let busy = false;
let plan = round.querySelector(".round").dataset.plan;

async function act(...commands) {
  if (busy) return;
  busy = true;
  round.dataset.busy = "";
  refused.hidden = true;
  try {
    for (const command of commands) await show(await send(round.dataset.acts, command));
  } catch (error) {
    refused.textContent = error.message;
    refused.hidden = false;
    refresh();
  } finally {
    busy = false;
    delete round.dataset.busy;
  }
}

function show(html) {
  return htmx.swap({ sourceElement: round, target: round, swap: "innerMorph", text: html });
}

function refresh() {
  htmx.trigger(round, "stale");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const { visit } = button.dataset;
  if (button.matches("[data-give-up]")) {
    reasons.dataset.visit = visit;
    reasons.showModal();
  } else if (button.matches("[data-reason]")) {
    reasons.close();
    act({ visit: reasons.dataset.visit, act: "missed", reason: button.dataset.reason });
  } else if (button.matches("[data-act]")) {
    act({ visit, act: button.dataset.act });
  } else if (button.matches("[data-accept-all]")) {
    act(...[...round.querySelectorAll(".stop.planned")].map((stop) => ({ visit: stop.dataset.visit, act: "accept" })));
  } else if (button.matches("[data-cancel]")) reasons.close();
  else if (button.matches("[data-seen]")) changed.hidden = true;
});

// However the round was refreshed: a new plan is worth a word, and the next stop opens by itself.
new MutationObserver(() => {
  const now = round.querySelector(".round");
  if (!now || now.dataset.plan === plan) return;
  changed.hidden = false;
  plan = now.dataset.plan;
}).observe(round, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-plan"] });

let heard = Date.now();
let stream = null;
const alive = () => {
  heard = Date.now();
  connection.hidden = true;
};
const lost = () => {
  connection.hidden = false;
};
live.addEventListener("changed", refresh);
live.addEventListener("htmx:sse:after:connection", (event) => {
  stream = event.detail.connection;
  alive();
});
live.addEventListener("htmx:sse:before:message", alive);
live.addEventListener("htmx:sse:error", lost);
live.addEventListener("htmx:error", () => {
  lost();
  setTimeout(() => htmx.trigger(live, "again"), AGAIN);
});
setInterval(() => {
  if (document.hidden || Date.now() - heard < SILENCE) return;
  lost();
  stream?.reader?.cancel();
}, 5_000);
