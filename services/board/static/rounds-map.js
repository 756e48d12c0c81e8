/**
 * <rounds-map data-style="/areas/…/style.json" data-bbox="west,south,east,north">
 *
 * Shows a day; says what was clicked with a bubbling `rounds:select` event whose detail is `route:<id>`,
 * `unassigned:<id>` or null. `data-routes` counts the routes it draws.
 */

import { AttributionControl, LngLatBounds, Map as MapLibre, Marker, NavigationControl, addProtocol } from "/vendor/maplibre-gl/dist/maplibre-gl.mjs";
import { CLICKABLE, SOURCES, collections, highlight, layers, routeLine, thin } from "./map-layers.js";

addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);

const DESK_REM = 14.5; // pixels, on a screen of ordinary width
const EMPTY = { type: "FeatureCollection", features: [] };

class RoundsMap extends HTMLElement {
  #map = null;
  #ready = false;
  #day = { routes: [], unassigned: [] };
  #drawn = {};
  #selected = null;
  #framed = null;
  #moved = false;
  #candidates = [];
  #pin = null;
  #onPin = null;
  #size = "";
  #sized = new ResizeObserver(() => this.#resize());

  connectedCallback() {
    const [west, south, east, north] = this.dataset.bbox.split(",").map(Number);
    try {
      this.#map = new MapLibre({
        container: this,
        style: this.dataset.style,
        bounds: [[west, south], [east, north]],
        fitBoundsOptions: { padding: 24 },
        attributionControl: false,
        trackResize: false,
        dragRotate: false,
        touchPitch: false,
        maxPitch: 0,
      });
    } catch {
      this.textContent = "This browser cannot draw the map: WebGL is off. The lists and the timeline work without it.";
      return;
    }
    this.#map.addControl(new NavigationControl({ showCompass: false }), "top-left");
    this.#map.addControl({ onAdd: () => this.#wholeDayButton(), onRemove: () => {} }, "top-left");
    this.#map.addControl(new AttributionControl({ compact: true }), "bottom-left");
    this.#map.on("load", () => this.#begin());
    this.#map.on("error", ({ error }) => {
      if (!/abort/i.test(`${error.name} ${error.message}`)) console.error(error); // a tile given up while zooming is no news
    });
    this.#map.on("movestart", ({ originalEvent }) => {
      this.#moved ||= Boolean(originalEvent);
    });
    this.#sized.observe(this);
    this.#map.on("click", (event) => this.#clicked(event));
    for (const layer of CLICKABLE) {
      this.#map.on("mouseenter", layer, () => this.classList.add("over"));
      this.#map.on("mouseleave", layer, () => this.classList.remove("over"));
    }
  }

  disconnectedCallback() {
    this.#sized.disconnect();
    this.#map?.remove();
    this.#map = null;
    this.#ready = false;
  }

  /** Draw a day. */
  show(routes, unassigned) {
    this.#day = { routes, unassigned };
    if (this.#ready) this.#draw();
  }

  /** Bring a route or an unassigned visit to the front, and into view. */
  select(subject) {
    if (subject === this.#selected) return;
    this.#selected = subject;
    if (!this.#ready) return;
    const [kind, id] = (subject ?? ":").split(":");
    highlight(this.#map, kind === "unassigned" ? null : id || null);
    const route = this.#day.routes.find((each) => each.id === id);
    const visit = this.#day.unassigned.find((each) => each.id === id);
    if (route) this.#frame(boundsOf([...routeLine(route), ...route.stops.map((stop) => stop.at).filter(Boolean)]));
    else if (visit) this.#frame(boundsOf([visit.at]));
  }

  /** Show the places an address may mean, lettered as in the list; an empty list takes them away. */
  showCandidates(points) {
    if (!this.#map) return;
    this.#candidates.forEach((marker) => marker.remove());
    this.#candidates = points.map((at, index) => this.#marker(String.fromCharCode(65 + index), "candidate-pin").setLngLat(at).addTo(this.#map));
    if (points.length) this.#frame(boundsOf(points));
  }

  /** Let the next click set a pin that can be dragged; null takes the pin away. `placed` hears of every move. */
  pin(placed) {
    this.#pin?.remove();
    this.#pin = null;
    this.#onPin = placed;
    this.classList.toggle("pinning", Boolean(placed));
  }

  /** What is on the screen in a layer, as properties; for tests and for the curious. */
  drawn(layer) {
    return this.#ready ? this.#map.queryRenderedFeatures({ layers: [layer] }).map((feature) => feature.properties) : [];
  }

  #begin() {
    for (const source of SOURCES) this.#map.addSource(source, { type: "geojson", data: EMPTY });
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    for (const layer of layers(Math.max(1, rem / DESK_REM))) this.#map.addLayer(layer);
    this.#ready = true;
    this.#draw();
    const selected = this.#selected;
    this.#selected = null;
    this.select(selected);
  }

  #draw() {
    const drawn = collections(this.#day.routes, this.#day.unassigned);
    for (const source of SOURCES) {
      const text = JSON.stringify(drawn[source]);
      if (text !== this.#drawn[source]) this.#map.getSource(source).setData(drawn[source]);
      this.#drawn[source] = text;
    }
    thin(this.#map, drawn.stops.features.length);
    this.dataset.routes = drawn.lines.features.length;
    this.dataset.unassigned = drawn.unassigned.features.length;
    this.#frameDay();
  }

  /** Keep the whole day in view while it grows, until somebody moves the map or chooses something. */
  #frameDay() {
    const bounds = boundsOf(this.#day.routes.flatMap((route) => routeLine(route)));
    const holds = (at) => this.#framed?.contains(at);
    if (this.#moved || this.#selected || !bounds || (holds(bounds.getSouthWest()) && holds(bounds.getNorthEast()))) return;
    this.#framed = bounds;
    this.#frame(bounds);
  }

  #frame(bounds) {
    if (!bounds) return;
    this.#resize(); // the drawer may have opened in this very turn
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#map.fitBounds(bounds, { padding: 48, maxZoom: 15, duration: still ? 0 : 500 });
  }

  #wholeDayButton() {
    const group = document.createElement("div");
    group.className = "maplibregl-ctrl maplibregl-ctrl-group";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "whole-day";
    button.title = "Show the whole day";
    button.setAttribute("aria-label", button.title);
    button.addEventListener("click", () => this.#frame(boundsOf(this.#day.routes.flatMap((route) => routeLine(route)))));
    group.append(button);
    return group;
  }

  /** Fit the canvas to the element. MapLibre would do it later by itself, and break off a movement under way. */
  #resize() {
    const size = `${this.clientWidth}×${this.clientHeight}`;
    if (size !== this.#size) this.#map?.resize();
    this.#size = size;
  }

  #clicked(event) {
    if (this.#onPin) {
      this.#setPin(event.lngLat);
      return;
    }
    const [hit] = this.#map.queryRenderedFeatures(event.point, { layers: CLICKABLE });
    const kind = hit?.layer.id === "unassigned" ? "unassigned" : "route";
    this.dispatchEvent(new CustomEvent("rounds:select", { bubbles: true, detail: hit ? `${kind}:${hit.properties.id}` : null }));
  }

  #setPin(at) {
    if (!this.#pin) {
      this.#pin = this.#marker("", "own-pin", true).setLngLat(at).addTo(this.#map);
      this.#pin.on("dragend", () => this.#onPin?.(this.#pin.getLngLat()));
    }
    this.#pin.setLngLat(at);
    this.#onPin(at);
  }

  #marker(text, kind, draggable = false) {
    const element = document.createElement("div");
    element.className = kind;
    element.textContent = text;
    return new Marker({ element, draggable, anchor: "bottom" });
  }
}

function boundsOf(points) {
  return points.length ? points.reduce((all, at) => all.extend(at), new LngLatBounds(points[0], points[0])) : null;
}

customElements.define("rounds-map", RoundsMap);
