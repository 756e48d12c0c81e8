/** The board's page: what the stream says goes to map and timeline, what is selected in one place shows in all. */

import "./rounds-map.js";
import "./rounds-timeline.js";
import { watchConnection } from "./connection.js";
import { openReview } from "./review.js";
import { tabs } from "./tabs.js";

const board = document.querySelector("main.board");
const map = board.querySelector("rounds-map");
const timeline = board.querySelector("rounds-timeline");
const drawer = document.getElementById("drawer");
const live = document.getElementById("live");
const day = new Map();
let selected = null;
let byKeyboard = false;

function of(kind) {
  return [...day].filter(([name]) => name.startsWith(`${kind}:`)).map(([, part]) => part);
}

function apply({ whole, parts }) {
  if (whole) day.clear();
  for (const [name, part] of Object.entries(parts)) {
    if (part === null) day.delete(name);
    else day.set(name, part);
  }
  const routes = of("route").sort((a, b) => a.ref.localeCompare(b.ref));
  timeline.show(routes); // first, for it takes its room from the map, and the map frames what it shows
  map.show(routes, of("unassigned"));
  const subject = drawer.firstElementChild?.dataset.subject;
  if (subject && subject in parts) look(subject);
}

function look(subject) {
  const [kind, id] = subject.split(":");
  htmx.ajax("GET", `${board.dataset.base}/${kind}/${id}`, { target: "#drawer", swap: "innerHTML" });
}

function select(subject) {
  if (subject) look(subject);
  else close();
}

function close() {
  const inside = drawer.contains(document.activeElement);
  const row = board.querySelector(".row[aria-current]");
  drawer.replaceChildren();
  if (inside) row?.focus();
}

function showSelection(subject) {
  selected = subject;
  map.select(subject);
  timeline.select(subject);
  markRows();
}

function markRows() {
  for (const row of board.querySelectorAll(".row")) {
    if (`${row.dataset.kind}:${row.dataset.id}` === selected) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

// Whatever fills or empties the drawer, the rest of the page follows it.
new MutationObserver(() => {
  const sheet = drawer.firstElementChild;
  drawer.hidden = !sheet;
  if (sheet && byKeyboard) drawer.focus();
  byKeyboard = false;
  openReview(sheet, map);
  showSelection(sheet?.dataset.subject ?? null);
}).observe(drawer, { childList: true });

new MutationObserver(markRows).observe(document.getElementById("lists"), { childList: true, subtree: true });

live.addEventListener("day", (event) => apply(JSON.parse(event.detail.data)));
document.addEventListener("rounds:select", (event) => select(event.detail));
document.addEventListener("click", (event) => {
  const row = event.target.closest(".row");
  byKeyboard = Boolean(row) && event.detail === 0;
  if (row) select(`${row.dataset.kind}:${row.dataset.id}`);
  if (event.target.closest("[data-close]")) select(null);
  const copy = event.target.closest("[data-copy]");
  if (copy) copyLink(copy);
  const step = event.target.closest("[data-step]");
  if (step) moveDay(Number(step.dataset.step));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") select(null);
});

const chooser = document.querySelector("form.day");
chooser.addEventListener("change", () => chooser.requestSubmit());

function moveDay(days) {
  const date = new Date(`${chooser.date.value}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  chooser.date.value = date.toISOString().slice(0, 10);
  chooser.requestSubmit();
}

async function copyLink(button) {
  const link = new URL(button.dataset.copy, location.href).href;
  try {
    await navigator.clipboard.writeText(link);
    button.textContent = "Copied";
  } catch {
    // Without https a browser gives no clipboard; the link itself can still be copied.
    button.textContent = "Copy it from the link's menu";
  }
}

tabs(document.querySelector("[role=tablist]"));
watchConnection(live, document.getElementById("connection"), board.dataset.zone);
