import { closest } from "./spacing.ts";

/** One thing to place: its layer (0 is leftmost) and what it hangs on, all of it in layers before. */
export interface LayoutNode {
  readonly name: string;
  readonly tier: number;
  readonly parents: readonly string[];
}

/** Sizes in pixels. */
export interface LayoutSizes {
  readonly width: number;
  readonly height: number;
  /** Between two layers, and between two nodes of a layer. */
  readonly gapX: number;
  readonly gapY: number;
  /** Room that a line takes which passes a layer on its way to a later one. */
  readonly lane: number;
}

/** Where everything is drawn: pixels from the upper left corner. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each node. */
  readonly nodes: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly edges: readonly LayoutEdge[];
}

/** A line from the right side of `from` to the left side of `to`, through points between them. */
export interface LayoutEdge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** A node, or a lane of a line that passes its layer. */
interface Place {
  readonly name: string;
  readonly layer: number;
  readonly height: number;
  /** Neighbours in the layer before and in the layer behind. */
  readonly before: Place[];
  readonly behind: Place[];
  /** Middle, from above. */
  y: number;
}

/** Passes over the layers, forth and back: after a few the order no longer changes on chains of some dozens. */
const SWEEPS = 8;

/**
 * Places nodes in columns by their layer, so that lines cross as little as a simple method can do and run straight
 * where they can (after Sugiyama: lanes for long lines, orders by the middle of the neighbours, then heights).
 */
export function layoutOf(nodes: readonly LayoutNode[], sizes: LayoutSizes): Layout {
  const { width, height, gapX } = sizes;
  const { layers, lines } = placesOf(nodes, sizes);
  for (let sweep = 0; sweep < SWEEPS; sweep++) sortLayers(layers, sweep % 2 === 0);
  for (const layer of layers) spread(layer, sizes.gapY);
  for (let sweep = 0; sweep < SWEEPS; sweep++) straighten(layers, sweep % 2 === 0, sizes.gapY);

  const places = layers.flat();
  for (const place of places) place.y = Math.round(place.y);
  const top = Math.min(0, ...places.map((one) => one.y - one.height / 2));
  const left = (layer: number) => layer * (width + gapX);
  const known = new Set(nodes.map(({ name }) => name));
  return {
    width: Math.max(0, left(layers.length - 1) + width),
    height: Math.max(0, ...places.map((one) => one.y + one.height / 2)) - top,
    nodes: new Map(
      places
        .filter(({ name }) => known.has(name))
        .map((one) => [one.name, { x: left(one.layer), y: one.y - height / 2 - top }]),
    ),
    edges: lines.map((line) => ({
      from: line.from,
      to: line.to,
      points: line.places.flatMap((one, index) => {
        const y = one.y - top;
        const start = { x: left(one.layer), y };
        const end = { x: left(one.layer) + width, y };
        if (index === 0) return [end];
        return index === line.places.length - 1 ? [start] : [start, end];
      }),
    })),
  };
}

interface Line {
  readonly from: string;
  readonly to: string;
  readonly places: readonly Place[];
}

/** The layers with a lane in each one that a line passes. */
function placesOf(nodes: readonly LayoutNode[], { height, lane }: LayoutSizes): { layers: Place[][]; lines: Line[] } {
  const layers: Place[][] = Array.from({ length: 1 + Math.max(-1, ...nodes.map(({ tier }) => tier)) }, () => []);
  const add = (name: string, layer: number, tall: number): Place => {
    const place: Place = { name, layer, height: tall, before: [], behind: [], y: 0 };
    layers[layer]?.push(place);
    return place;
  };
  const byName = new Map(nodes.map(({ name, tier }) => [name, add(name, tier, height)]));
  const lines = nodes.flatMap(({ name, parents }) =>
    parents.flatMap((parent): Line[] => {
      const start = byName.get(parent);
      const end = byName.get(name);
      if (start === undefined || end === undefined) return [];
      const places = [start];
      for (let layer = start.layer + 1; layer < end.layer; layer++) places.push(add("", layer, lane));
      places.push(end);
      for (const [index, place] of places.entries()) {
        const next = places[index + 1];
        if (next === undefined) continue;
        place.behind.push(next);
        next.before.push(place);
      }
      return [{ from: parent, to: name, places }];
    }),
  );
  return { layers, lines };
}

/** Orders each layer by the middle of its neighbours in the layer that was ordered just before. */
function sortLayers(layers: readonly Place[][], forth: boolean): void {
  for (const layer of forth ? layers : layers.toReversed()) {
    for (const [index, place] of layer.entries()) place.y = index;
    const wanted = new Map(layer.map((place) => [place, mean(forth ? place.before : place.behind) ?? place.y]));
    layer.sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0));
    for (const [index, place] of layer.entries()) place.y = index;
  }
}

function spread(layer: readonly Place[], gap: number): void {
  let y = 0;
  for (const place of layer) {
    place.y = y + place.height / 2;
    y += place.height + gap;
  }
}

/** Moves each layer, in its order, as near to its neighbours' height as the room between its nodes allows. */
function straighten(layers: readonly Place[][], forth: boolean, gap: number): void {
  for (const layer of forth ? layers : layers.toReversed()) {
    const wanted = layer.map((place) => mean(forth ? place.before : place.behind) ?? mean(place.before) ?? place.y);
    const apart = layer.map((place, index) => (place.height + (layer[index + 1]?.height ?? 0)) / 2 + gap);
    for (const [index, y] of closest(wanted, apart).entries()) {
      const place = layer[index];
      if (place !== undefined) place.y = y;
    }
  }
}

function mean(places: readonly Place[]): number | undefined {
  return places.length === 0 ? undefined : places.reduce((sum, { y }) => sum + y, 0) / places.length;
}
