/**
 * Positions in the order given, as close as possible to the wanted ones (least squares) with so much room between each
 * and the next: isotonic regression by pooling neighbours that are in each other's way.
 *
 * @param apart the least distance from each position to the next; the last one is not looked at
 */
export function closest(wanted: readonly number[], apart: readonly number[]): readonly number[] {
  const offsets = [0];
  for (const distance of apart.slice(0, -1)) offsets.push((offsets.at(-1) ?? 0) + distance);
  const pools: { sum: number; count: number }[] = [];
  for (const [index, position] of wanted.entries()) {
    let pool = { sum: position - (offsets[index] ?? 0), count: 1 };
    for (let last = pools.at(-1); last && last.sum / last.count >= pool.sum / pool.count; last = pools.at(-1)) {
      pools.pop();
      pool = { sum: last.sum + pool.sum, count: last.count + pool.count };
    }
    pools.push(pool);
  }
  return pools
    .flatMap(({ sum, count }) => new Array<number>(count).fill(sum / count))
    .map((position, index) => position + (offsets[index] ?? 0));
}
