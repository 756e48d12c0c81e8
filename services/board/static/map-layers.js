/** The layers a day adds to the map, and the GeoJSON they draw. Colour never stands alone: stops are numbered. */

import { decodePolyline } from "./polyline.js";

export const SOURCES = ["lines", "stops", "nurses", "unassigned"];
export const CLICKABLE = ["stop", "stop-selected", "route-line", "route-selected", "nurse", "unassigned"];

const FONT = ["Noto Sans Bold"];
const BEGUN = ["in", ["get", "status"], ["literal", ["en_route", "arrived"]]];
const FILL = [
  "case",
  ["==", ["get", "status"], "missed"], "#b3261e",
  ["==", ["get", "status"], "done"], "#7b8794",
  BEGUN, ["get", "colour"],
  "#ffffff",
];
const INK = ["case", ["in", ["get", "status"], ["literal", ["planned", "accepted"]]], "#1b2430", "#ffffff"];

/** @returns the layers, lowest first. */
export function layers() {
  const none = ["==", ["get", "id"], ""];
  const line = { "line-cap": "round", "line-join": "round" };
  const width = ["interpolate", ["linear"], ["zoom"], 10, 1.6, 14, 4];
  const wider = ["interpolate", ["linear"], ["zoom"], 10, 3.5, 14, 7];
  const casing = ["interpolate", ["linear"], ["zoom"], 10, 6.5, 14, 11];
  const radius = ["interpolate", ["linear"], ["zoom"], 10, 3, 12, 6, 14, 9];
  const number = {
    "text-field": ["to-string", ["get", "number"]],
    "text-font": FONT,
    "text-size": 11,
    "text-allow-overlap": true,
    "text-ignore-placement": true,
  };
  return [
    { id: "route-line", type: "line", source: "lines", layout: line, paint: { "line-color": ["get", "colour"], "line-width": width, "line-opacity": 0.85 } },
    { id: "stop", type: "circle", source: "stops", paint: { "circle-radius": radius, "circle-color": FILL, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 1.75 } },
    { id: "stop-number", type: "symbol", source: "stops", minzoom: 12.5, layout: number, paint: { "text-color": INK } },
    { id: "unassigned", type: "circle", source: "unassigned", paint: { "circle-radius": 8, "circle-color": "#ffd9a0", "circle-stroke-color": "#8a4b00", "circle-stroke-width": 2 } },
    { id: "unassigned-mark", type: "symbol", source: "unassigned", layout: { ...number, "text-field": "!", "text-size": 13 }, paint: { "text-color": "#5c3200" } },
    { id: "nurse", type: "circle", source: "nurses", paint: { "circle-radius": ["case", ["get", "moving"], 11, 5], "circle-color": ["case", ["get", "moving"], ["get", "colour"], "#ffffff"], "circle-opacity": ["case", ["get", "moving"], 0.35, 1], "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2.5 } },
    { id: "nurse-name", type: "symbol", source: "nurses", minzoom: 11, layout: { "text-field": ["get", "ref"], "text-font": FONT, "text-size": 11, "text-offset": [0, -1.4], "text-optional": true }, paint: { "text-color": ["get", "colour"], "text-halo-color": "#ffffff", "text-halo-width": 1.75 } },
    { id: "route-casing", type: "line", source: "lines", filter: none, layout: line, paint: { "line-color": "#ffffff", "line-width": casing } },
    { id: "route-selected", type: "line", source: "lines", filter: none, layout: line, paint: { "line-color": ["get", "colour"], "line-width": wider } },
    { id: "stop-selected", type: "circle", source: "stops", filter: none, paint: { "circle-radius": 10.5, "circle-color": FILL, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2.5 } },
    { id: "stop-selected-number", type: "symbol", source: "stops", filter: none, layout: { ...number, "text-size": 12 }, paint: { "text-color": INK } },
  ];
}

/** Draw one route in front of the others, which fade; null brings all back. */
export function highlight(map, routeId) {
  const only = ["==", ["get", "id"], routeId ?? ""];
  for (const layer of ["route-casing", "route-selected", "stop-selected", "stop-selected-number"]) map.setFilter(layer, only);
  map.setPaintProperty("route-line", "line-opacity", routeId ? 0.25 : 0.85);
  map.setPaintProperty("stop", "circle-opacity", routeId ? 0.35 : 1);
  map.setPaintProperty("stop", "circle-stroke-opacity", routeId ? 0.35 : 1);
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
