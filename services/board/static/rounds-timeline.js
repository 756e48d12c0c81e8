/**
 * <rounds-timeline data-zone="America/New_York">: the day by nurse, one lane each, local time from left to right.
 *
 * Says which lane was chosen with a bubbling `rounds:select` event whose detail is `route:<id>`.
 */

const HOUR = 3600;
const MOST_TICKS = 16;
const LEGEND = [["planned", "planned"], ["accepted", "accepted"], ["en_route", "en route"], ["arrived", "at the door"], ["done", "done"], ["missed", "could not do"]];

class RoundsTimeline extends HTMLElement {
  #axis = make("div", "axis");
  #lanes = make("div", "lanes");
  #now = make("i", "now");
  #known = new Map();
  #range = null;
  #clock = null;
  #ticking = 0;

  connectedCallback() {
    this.#clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: this.dataset.zone });
    const legend = make("p", "legend");
    for (const [status, words] of LEGEND) legend.append(make("i", `mark ${status}`), words);
    const scroll = make("div", "scroll");
    scroll.append(this.#axis, this.#lanes);
    this.replaceChildren(legend, scroll);
    this.#ticking = setInterval(() => this.#showNow(), 20_000);
  }

  disconnectedCallback() {
    clearInterval(this.#ticking);
  }

  /** Draw routes; lanes whose route is the same object as before stay as they are. */
  show(routes) {
    this.hidden = routes.length === 0;
    const range = rangeOf(routes);
    const moved = JSON.stringify(range) !== JSON.stringify(this.#range);
    this.#range = range;
    if (moved) this.#drawAxis();
    const lanes = routes.map((route) => {
      const known = this.#known.get(route.id);
      if (known?.route === route && !moved) return known.lane;
      const lane = this.#lane(route);
      if (known) copySelection(known.lane, lane);
      this.#known.set(route.id, { route, lane });
      return lane;
    });
    for (const id of this.#known.keys()) if (!routes.some((route) => route.id === id)) this.#known.delete(id);
    if (lanes.length !== this.#lanes.children.length || lanes.some((lane, index) => lane !== this.#lanes.children[index])) {
      this.#lanes.replaceChildren(...lanes);
    }
    this.#showNow();
  }

  /** Mark a route's lane and bring it into view. */
  select(subject) {
    for (const lane of this.#lanes.children) {
      const mine = subject === `route:${lane.dataset.id}`;
      lane.toggleAttribute("data-selected", mine);
      if (mine) lane.scrollIntoView({ block: "nearest" });
    }
  }

  #place(element, start, end) {
    const [from, to] = this.#range;
    element.style.left = `${(100 * (start - from)) / (to - from)}%`;
    if (end !== undefined) element.style.width = `${(100 * (end - start)) / (to - from)}%`;
    return element;
  }

  #drawAxis() {
    const [from, to] = this.#range;
    const ticks = [];
    const step = Math.ceil((to - from) / HOUR / MOST_TICKS) * HOUR;
    for (let at = from; at < to; at += step) {
      const tick = make("span", "tick");
      tick.textContent = this.#clock.format(at * 1000);
      ticks.push(this.#place(tick, at));
    }
    this.#axis.replaceChildren(...ticks, this.#now);
  }

  #lane(route) {
    const lane = make("button", "lane");
    lane.type = "button";
    lane.dataset.id = route.id;
    lane.style.setProperty("--route", route.colour);
    const name = make("span", "name");
    name.textContent = route.nurse;
    const track = make("span", "track");
    if (route.shift) track.append(this.#place(make("i", "shift"), ...route.shift));
    for (const stop of route.stops) track.append(...this.#marks(stop));
    lane.append(name, track);
    lane.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("rounds:select", { bubbles: true, detail: `route:${route.id}` }));
    });
    return lane;
  }

  #marks(stop) {
    const bar = this.#place(make("b", stop.number ? `bar ${stop.status}` : "bar break"), stop.start, stop.end);
    bar.textContent = stop.number ?? "";
    bar.title = `${stop.number ? `Stop ${stop.number}, ` : "Break, "}${this.#clock.format(stop.start * 1000)}–${this.#clock.format(stop.end * 1000)}`;
    if (!stop.drive) return [bar];
    return [this.#place(make("i", "drive"), stop.arrival - stop.drive, stop.arrival), bar];
  }

  #showNow() {
    if (!this.#range) return;
    const now = Date.now() / 1000;
    this.#now.hidden = now < this.#range[0] || now > this.#range[1];
    this.#place(this.#now, now);
  }
}

function make(tag, name) {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}

function copySelection(from, to) {
  to.toggleAttribute("data-selected", from.hasAttribute("data-selected"));
}

/** The hours that hold every shift and stop. */
function rangeOf(routes) {
  const starts = routes.flatMap((route) => [route.shift?.[0], route.stops[0]?.start].filter(Boolean));
  const ends = routes.flatMap((route) => [route.shift?.[1], route.stops.at(-1)?.end].filter(Boolean));
  if (!starts.length) return [0, HOUR];
  return [Math.floor(Math.min(...starts) / HOUR) * HOUR, Math.ceil(Math.max(...ends) / HOUR) * HOUR];
}

customElements.define("rounds-timeline", RoundsTimeline);
