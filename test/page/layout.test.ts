import fc from "fast-check";
import { type LayoutNode, layoutOf } from "../../page/graph/layout.ts";
import { closest } from "../../page/graph/spacing.ts";

const SIZES = { width: 200, height: 60, gapX: 40, gapY: 20, lane: 10 };

/** Chains of up to 24 targets: each has parents among those before it, and the tier that follows from them. */
const chains: fc.Arbitrary<readonly LayoutNode[]> = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 24 })
  .map((drafts) => {
    const nodes: LayoutNode[] = [];
    for (const [index, picks] of drafts.entries()) {
      const parents = [...new Set(picks.filter(() => index > 0).map((pick) => nodes[pick % index]))].filter(
        (one) => one !== undefined,
      );
      const tier = Math.max(-1, ...parents.map((one) => one.tier)) + 1;
      nodes.push({ name: `t${index}`, tier, parents: parents.map(({ name }) => name) });
    }
    return nodes;
  });

test("no two targets overlap, all lie within the drawing, and each in its tier's column", () => {
  fc.assert(
    fc.property(chains, (nodes) => {
      const { nodes: places, width, height } = layoutOf(nodes, SIZES);
      const all = nodes.map(({ name, tier }) => ({ tier, ...(places.get(name) ?? { x: -1, y: -1 }) }));
      for (const one of all) {
        expect(one.x).toBe(one.tier * (SIZES.width + SIZES.gapX));
        expect(one.y).toBeGreaterThanOrEqual(-1e-6);
        expect(one.x + SIZES.width).toBeLessThanOrEqual(width);
        expect(one.y + SIZES.height).toBeLessThanOrEqual(height + 1e-6);
      }
      for (const [index, one] of all.entries()) {
        for (const other of all.slice(index + 1)) {
          if (one.tier === other.tier) expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(SIZES.height - 1e-6);
        }
      }
    }),
  );
});

test("a line starts at its parent's right side, ends at its child's left side and crosses no target between", () => {
  fc.assert(
    fc.property(chains, (nodes) => {
      const { nodes: places, edges } = layoutOf(nodes, SIZES);
      expect(edges).toHaveLength(nodes.reduce((sum, { parents }) => sum + parents.length, 0));
      for (const { from, to, points } of edges) {
        const [start, end] = [places.get(from), places.get(to)];
        expect(points[0]).toEqual({ x: (start?.x ?? 0) + SIZES.width, y: (start?.y ?? 0) + SIZES.height / 2 });
        expect(points.at(-1)).toEqual({ x: end?.x, y: (end?.y ?? 0) + SIZES.height / 2 });
        // Through each layer between it goes straight: from its left side to its right one.
        const tier = (name: string) => nodes.find((one) => one.name === name)?.tier ?? 0;
        expect(points).toHaveLength(2 * (tier(to) - tier(from)));
        for (const point of points.slice(1, -1)) {
          for (const { x, y } of places.values()) {
            const within = point.x >= x && point.x <= x + SIZES.width;
            if (within) expect(point.y <= y || point.y >= y + SIZES.height).toBe(true);
          }
        }
      }
    }),
  );
});

test("positions stay in order, keep their distances, and move no further than they must", () => {
  expect(closest([0, 100], [10, 10])).toEqual([0, 100]);
  expect(closest([50, 50], [10, 10])).toEqual([45, 55]);
  expect(closest([], [])).toEqual([]);
  const many = fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 80 })), { maxLength: 12 });
  fc.assert(
    fc.property(many, (pairs) => {
      const apart = pairs.map(([, distance]) => distance);
      const found = closest(
        pairs.map(([wanted]) => wanted),
        apart,
      );
      for (const [index, position] of found.slice(1).entries()) {
        expect(position - (found[index] ?? 0)).toBeGreaterThanOrEqual((apart[index] ?? 0) - 1e-6);
      }
    }),
  );
});
