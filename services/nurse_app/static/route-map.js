/**
 * <route-map data-style data-lines="polyline polyline" data-stops="lon,lat,number,over|current|ahead …">
 *
 * A still picture of the round over the streets. It loads MapLibre only once it is in view: the stops come first.
 */

import { decodePolyline } from "/static/board/polyline.js";

const COLOUR = "#145ec1";
const FIT = { padding: 34, maxZoom: 15 };

class RouteMap extends HTMLElement {
  static observedAttributes = ["data-lines", "data-stops"];
  #map = null;
  #maplibre = null;
  #markers = [];

  connectedCallback() {
    new IntersectionObserver((seen, observer) => {
      if (!seen.some((each) => each.isIntersecting)) return;
      observer.disconnect();
      this.#begin();
    }).observe(this);
  }

  attributeChangedCallback() {
    if (this.#map) this.#draw();
  }

  async #begin() {
    this.#maplibre = await import("/vendor/maplibre-gl/dist/maplibre-gl.mjs");
    this.#maplibre.addProtocol("pmtiles", new globalThis.pmtiles.Protocol().tile);
    try {
      const map = new this.#maplibre.Map({
        container: this,
        style: this.dataset.style,
        bounds: this.#bounds(),
        fitBoundsOptions: FIT,
        interactive: false,
        attributionControl: { compact: false },
      });
      map.on("load", () => {
        map.addSource("round", { type: "geojson", data: this.#lines() });
        map.addLayer({ id: "round-edge", type: "line", source: "round", layout: { "line-join": "round" }, paint: { "line-color": "#fff", "line-width": 7 } });
        map.addLayer({ id: "round", type: "line", source: "round", layout: { "line-join": "round" }, paint: { "line-color": COLOUR, "line-width": 3.5 } });
        this.#map = map;
        this.#draw();
      });
    } catch {
      this.hidden = true; // no WebGL: the stops and their links say all that the picture would
    }
  }

  #draw() {
    this.#map.getSource("round").setData(this.#lines());
    this.#markers.forEach((marker) => marker.remove());
    this.#markers = this.#stops().map(({ at, number, kind }) => {
      const element = document.createElement("span");
      element.className = `pin ${kind}`;
      element.textContent = number;
      return new this.#maplibre.Marker({ element }).setLngLat(at).addTo(this.#map);
    });
    this.#map.fitBounds(this.#bounds(), { ...FIT, duration: 0 });
    this.dataset.drawn = this.#markers.length;
  }

  #stops() {
    return this.dataset.stops
      .split(" ")
      .filter(Boolean)
      .map((text) => text.split(","))
      .map(([lon, lat, number, kind]) => ({ at: [Number(lon), Number(lat)], number, kind }));
  }

  #paths() {
    return this.dataset.lines.split(" ").filter(Boolean).map(decodePolyline);
  }

  #lines() {
    return { type: "Feature", properties: {}, geometry: { type: "MultiLineString", coordinates: this.#paths() } };
  }

  #bounds() {
    const stops = this.#stops();
    const ahead = stops.filter((stop) => stop.kind !== "over");
    const points = (ahead.length ? ahead : stops).map((stop) => stop.at);
    const lons = points.map((point) => point[0]);
    const lats = points.map((point) => point[1]);
    return [[Math.min(...lons), Math.min(...lats)], [Math.max(...lons), Math.max(...lats)]];
  }
}

customElements.define("route-map", RouteMap);
