/** The layers a day adds to the map, and the GeoJSON they draw. Colour never stands alone: stops are numbered. */

import { decodePolyline } from "./polyline.js";

export const SOURCES = ["lines", "stops", "nurses", "unassigned"];
export const CLICKABLE = ["stop", "stop-dot", "stop-selected", "route-line", "route-selected", "nurse", "unassigned"];

const FONT = ["Map Semibold", "Inter", "Segoe UI", "Roboto", "Helvetica Neue", "Arial"];
/** What fills a stop tells how far it has come, as in the lists; its edge tells the route. */
const FILL = ["match", ["get", "status"], "en_route", "#3a76d0", "arrived", "#0f4796", "done", "#2f8350", "missed", "#b3261e", "accepted", "#d6e4f7", "#ffffff"];
const INK = ["match", ["get", "status"], ["planned", "accepted"], "#1b2430", "#ffffff"];

/** @returns the layers, lowest first; `scale` is 1 at a desk and more on a wall. */
export function layers(scale) {
  const none = ["==", ["get", "id"], ""];
  const line = { "line-cap": "round", "line-join": "round" };
  const by = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops.flatMap(([zoom, size]) => [zoom, size * scale])];
  const width = by([10, 1.6], [14, 4]);
  const wider = by([10, 3.5], [14, 7]);
  const casing = by([10, 6.5], [14, 11]);
  const radius = by([10, 5.5], [12, 7.5], [14, 10]);
  const number = {
    "text-field": ["to-string", ["get", "number"]],
    "text-font": FONT,
    "text-size": by([10, 8], [14, 11]),
    "text-allow-overlap": true,
    "text-ignore-placement": true,
  };
  return [
    { id: "route-line", type: "line", source: "lines", layout: line, paint: { "line-color": ["get", "colour"], "line-width": width, "line-opacity": 0.85 } },
    { id: "stop", type: "circle", source: "stops", paint: { "circle-radius": radius, "circle-color": FILL, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 1.75 * scale } },
    { id: "stop-dot", type: "circle", source: "stops", paint: { "circle-radius": by([10, 2.2], [13, 4]), "circle-color": FILL, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 1.5 * scale } },
    { id: "stop-number", type: "symbol", source: "stops", layout: number, paint: { "text-color": INK } },
    { id: "unassigned", type: "circle", source: "unassigned", paint: { "circle-radius": 8 * scale, "circle-color": "#ffd9a0", "circle-stroke-color": "#8a4b00", "circle-stroke-width": 2 } },
    { id: "unassigned-mark", type: "symbol", source: "unassigned", layout: { ...number, "text-field": "!", "text-size": 13 * scale }, paint: { "text-color": "#5c3200" } },
    { id: "nurse", type: "circle", source: "nurses", paint: { "circle-radius": ["case", ["get", "moving"], 14 * scale, 5 * scale], "circle-color": "#ffffff", "circle-opacity": ["case", ["get", "moving"], 0, 1], "circle-stroke-color": ["get", "colour"], "circle-stroke-width": ["case", ["get", "moving"], 4 * scale, 2.5 * scale] } },
    { id: "nurse-name", type: "symbol", source: "nurses", minzoom: 11, layout: { "text-field": ["get", "ref"], "text-font": FONT, "text-size": 11 * scale, "text-offset": [0, -1.9], "text-optional": true }, paint: { "text-color": ["get", "colour"], "text-halo-color": "#ffffff", "text-halo-width": 1.75 } },
    { id: "route-casing", type: "line", source: "lines", filter: none, layout: line, paint: { "line-color": "#ffffff", "line-width": casing } },
    { id: "route-selected", type: "line", source: "lines", filter: none, layout: line, paint: { "line-color": ["get", "colour"], "line-width": wider } },
    { id: "stop-selected", type: "circle", source: "stops", filter: none, paint: { "circle-radius": 10.5 * scale, "circle-color": FILL, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2.5 * scale } },
    { id: "stop-selected-number", type: "symbol", source: "stops", filter: none, layout: { ...number, "text-size": 12 * scale }, paint: { "text-color": INK } },
  ];
}

const NEAR = 13;

/** On a crowded map, dots until one comes closer; numbers that nobody can read help nobody. */
export function thin(map, stops) {
  const crowded = stops > 200;
  for (const layer of ["stop", "stop-number"]) map.setLayerZoomRange(layer, crowded ? NEAR : 0, 24);
  map.setLayerZoomRange("stop-dot", 0, NEAR);
  map.setLayoutProperty("stop-dot", "visibility", crowded ? "visible" : "none");
}

/** Draw one route in front of the others, which fade (an address to review fades all); null brings all back. */
export function highlight(map, routeId) {
  const only = ["==", ["get", "id"], routeId ?? ""];
  for (const layer of ["route-casing", "route-selected", "stop-selected", "stop-selected-number"]) map.setFilter(layer, only);
  map.setPaintProperty("route-line", "line-opacity", routeId ? 0.25 : 0.85);
  const faded = routeId ? ["case", only, 1, 0.3] : 1;
  for (const layer of ["stop", "stop-dot", "nurse"]) map.setPaintProperty(layer, "circle-stroke-opacity", faded);
  for (const layer of ["stop", "stop-dot"]) map.setPaintProperty(layer, "circle-opacity", faded);
  map.setPaintProperty("nurse-name", "text-opacity", faded);
  map.setLayoutProperty("stop-number", "visibility", routeId ? "none" : "visible");
}

const lineOf = new WeakMap();

/** The streets a route takes, or straight lines between its stops where no street network answered. */
export function routeLine(route) {
  if (!lineOf.has(route)) {
    const straight = () => [route.start, ...route.stops.map((stop) => stop.at)].filter(Boolean);
    lineOf.set(route, route.geometry ? decodePolyline(route.geometry) : straight());
  }
  return lineOf.get(route);
}

/** @returns {Object<string, object>} a GeoJSON collection for each source. */
export function collections(routes, unassigned) {
  const point = (at, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: at } });
  const collection = (features) => ({ type: "FeatureCollection", features });
  const common = ({ id, ref, colour }) => ({ id, ref, colour });
  return {
    lines: collection(
      routes
        .filter((route) => routeLine(route).length > 1)
        .map((route) => ({
          type: "Feature",
          properties: common(route),
          geometry: { type: "LineString", coordinates: routeLine(route) },
        })),
    ),
    stops: collection(
      routes.flatMap((route) =>
        route.stops
          .filter((stop) => stop.at && stop.number)
          .map((stop) => point(stop.at, { ...common(route), number: stop.number, status: stop.status })),
      ),
    ),
    nurses: collection(
      routes
        .filter((route) => route.last ?? route.start)
        .map((route) => point(route.last ?? route.start, { ...common(route), moving: Boolean(route.last) })),
    ),
    unassigned: collection(unassigned.map((visit) => point(visit.at, { id: visit.id }))),
  };
}
