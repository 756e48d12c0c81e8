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

let plan = round.querySelector(".round").dataset.plan;
let current = round.querySelector(".stop.current")?.id;

/** Acts leave one after the other, in the order of the taps; a second tap on one that waits is the same tap. */
const waiting = new Set();
let last = Promise.resolve();

function act(...commands) {
  const fresh = commands.filter((command) => !waiting.has(nameOf(command)));
  for (const command of fresh) waiting.add(nameOf(command));
  round.toggleAttribute("data-busy", waiting.size > 0);
  last = last.then(() => sendAll(fresh));
}

async function sendAll(commands) {
  refused.hidden = true;
  try {
    let html = "";
    for (const command of commands) html = await send(round.dataset.acts, command);
    if (html) await show(html);
  } catch (error) {
    refused.textContent = error.message;
    refused.hidden = false;
    refresh();
  } finally {
    for (const command of commands) waiting.delete(nameOf(command));
    round.toggleAttribute("data-busy", waiting.size > 0);
  }
}

function nameOf({ visit, act: name }) {
  return `${visit}:${name}`;
}

function show(html) {
  return htmx.swap({ sourceElement: round, target: round, swap: "innerMorph", text: html });
}

function refresh() {
  htmx.trigger(round, "stale");
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  // The second half of a double tap may land on the next act's button, which the first half brought there.
  if (!button || event.detail > 1) return;
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

// However the round was refreshed: a new plan is worth a word, and the stop that is next opens by itself.
new MutationObserver(() => {
  const now = round.querySelector(".round");
  if (now && now.dataset.plan !== plan) {
    changed.hidden = false;
    plan = now.dataset.plan;
  }
  const next = round.querySelector(".stop.current");
  if (next && next.id !== current) next.querySelector("details").open = true;
  current = next?.id;
}).observe(round, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-plan", "class"] });

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
