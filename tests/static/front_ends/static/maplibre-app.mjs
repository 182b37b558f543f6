import { Map } from "./maplibre/maplibre-gl.mjs";

const square = { type: "Polygon", coordinates: [[[0, 0], [0, 9], [9, 9], [0, 0]]] };
const map = new Map({
  container: "map",
  style: {
    version: 8,
    sources: { square: { type: "geojson", data: { type: "Feature", properties: {}, geometry: square } } },
    layers: [{ id: "square", type: "fill", source: "square" }],
  },
});
map.on("idle", () => {
  document.body.dataset.ready = "yes";
});
