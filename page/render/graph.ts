import { type Layout, type LayoutEdge, layoutOf } from "../graph/layout.ts";
import { type Html, html } from "../html.ts";
import type { ChainView, TargetView } from "../view.ts";
import { STATES, signPath } from "./states.ts";
import { idOf, partsOf, spoken, timeOf } from "./words.ts";

const NODE = { width: 232, height: 62 };
const SIZES = { ...NODE, gapX: 44, gapY: 18, lane: 10 };
const MARGIN = 8;
const HEAD = 26;
/** Letters of a name that fit, at the width of the widest of the fonts that are used. */
const MOST_LETTERS = 27;

/**
 * The chain as a drawing: tiers from left to right, each target a link to its own part of the page. Targets without
 * parents and children stand by themselves below, because they are part of no chain.
 */
export function renderGraph({ targets, longestChain }: ChainView): Html {
  const parents = new Set(targets.flatMap((one) => one.parents));
  const chained = targets.filter((one) => one.parents.length > 0 || parents.has(one.target));
  const alone = targets.filter((one) => !chained.includes(one));
  const layout = layoutOf(
    chained.map(({ target, tier, parents }) => ({ name: target, tier, parents })),
    SIZES,
  );
  const perRow = Math.max(
    1,
    Math.floor((layout.width + SIZES.gapX) / (NODE.width + SIZES.gapX)),
    chained.length > 0 ? 0 : 4,
  );
  const shelf = alone.map((one, index) => ({
    one,
    x: (index % perRow) * (NODE.width + SIZES.gapX),
    y: Math.floor(index / perRow) * (NODE.height + SIZES.gapY),
  }));
  const rows = Math.ceil(alone.length / perRow);
  const headOfShelf = alone.length > 0 && chained.length > 0 ? HEAD + 14 : 0;
  const top = chained.length > 0 ? HEAD : 0;
  const shelfTop = top + layout.height + headOfShelf;
  const wide = Math.max(layout.width, Math.min(alone.length, perRow) * (NODE.width + SIZES.gapX) - SIZES.gapX);
  const width = wide + 2 * MARGIN;
  const height = shelfTop + Math.max(0, rows * (NODE.height + SIZES.gapY) - SIZES.gapY) + 2 * MARGIN;
  return html`<svg class="graph" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}" width="${width}" height="${height}" role="group" aria-label="${targets.length} targets by tier">
<g aria-hidden="true">${tierHeads(layout)}${headOfShelf > 0 && html`<text class="tier" x="0" y="${shelfTop - 12}">on their own</text>`}</g>
<g aria-hidden="true" transform="translate(0 ${top})">${layout.edges.map((edge) => line(edge, longestChain))}</g>
<g transform="translate(0 ${top})">${chained.map((one) => node(one, layout.nodes.get(one.target) ?? { x: 0, y: 0 }))}</g>
<g transform="translate(0 ${shelfTop})">${shelf.map(({ one, x, y }) => node(one, { x, y }))}</g>
</svg>`;
}

function tierHeads({ nodes, width }: Layout): readonly Html[] {
  const columns = nodes.size === 0 ? 0 : Math.round((width + SIZES.gapX) / (NODE.width + SIZES.gapX));
  return Array.from(
    { length: columns },
    (_, tier) => html`<text class="tier" x="${tier * (NODE.width + SIZES.gapX)}" y="10">tier ${tier}</text>`,
  );
}

function line({ from, to, points }: LayoutEdge, longest: readonly string[]): Html {
  const at = longest.indexOf(from);
  const kind = at >= 0 && longest[at + 1] === to ? "edge longest" : "edge";
  const [first, ...rest] = points;
  let path = `M${first?.x ?? 0} ${first?.y ?? 0}`;
  let before = first ?? { x: 0, y: 0 };
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    path += point.y === before.y ? `H${point.x}` : `C${middle} ${before.y} ${middle} ${point.y} ${point.x} ${point.y}`;
    before = point;
  }
  return html`<path class="${kind}" d="${path}"/>`;
}

function node(one: TargetView, { x, y }: { readonly x: number; readonly y: number }): Html {
  const { target, state, build } = one;
  const { word } = STATES[state];
  const percent = build?.percent;
  return html`<a class="node" href="#${idOf(target)}" data-state="${state}" aria-label="${spoken(one, word)}" transform="translate(${x} ${y})">
<title>${target}</title><rect class="card" width="${NODE.width}" height="${NODE.height}" rx="8"/>
<path class="mark" d="M8 0H4.5V${NODE.height}H8A8 8 0 0 1 0 ${NODE.height - 8}V8A8 8 0 0 1 8 0Z"/>
${name(target)}
<g class="look" transform="translate(16 35)">${signPath(state)}</g><text class="word" x="37" y="47.5">${word}${state === "building" && percent !== undefined && ` ${percent} %`}</text>
<text class="amount" x="${NODE.width - 12}" y="47.5">${timeOf(one)}</text>
${state === "building" && html`<rect class="bar" x="16" y="54" width="${NODE.width - 28}" height="3" rx="1.5"/><rect class="bar done" x="16" y="54" width="${((NODE.width - 28) * (percent ?? 0)) / 100}" height="3" rx="1.5"/>`}
</a>`;
}

/** The name on one line: where it does not fit, the image's end gives way and the stage stays. */
function name(target: string): Html {
  const [image, stage] = partsOf(target);
  const over = [...target].length - MOST_LETTERS;
  const shown = over > 0 ? `${[...image].slice(0, Math.max(4, [...image].length - over - 1)).join("")}…` : image;
  return html`<text class="name" x="16" y="24">${shown}<tspan class="stage">${stage !== "" && `:${[...stage].slice(0, 12).join("")}`}</tspan></text>`;
}
