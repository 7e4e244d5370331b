import { type Html, html } from "../html.ts";
import type { ChainView, TargetView } from "../view.ts";
import { badgeOf } from "./states.ts";
import { cacheOf, costOf, idOf, timeOf } from "./words.ts";

const COLUMNS = ["Target", "Tier", "State", "Built on", "Done", "Time", "Cost", "From cache", "Why"];

/** What the drawing shows, as a table. */
export function renderTable({ targets }: ChainView): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="The chain as a table"><table>
<caption class="unseen">Every target of the chain, tier by tier</caption>
<thead><tr>${COLUMNS.map(columnHead)}</tr></thead>
<tbody>${targets.toSorted((a, b) => a.tier - b.tier).map(row)}</tbody>
</table></div>`;
}

const NUMBERS: ReadonlySet<string> = new Set(["Tier", "Done", "Time", "Cost", "From cache"]);

/** The head of a column; figures stand below its right end. */
export function columnHead(name: string): Html {
  return NUMBERS.has(name) ? html`<th scope="col" class="number">${name}</th>` : html`<th scope="col">${name}</th>`;
}

function row(one: TargetView): Html {
  const { target, tier, state, parents, build, reasons, history } = one;
  const cache = history.map(cacheOf).find((text) => text !== "");
  return html`<tr><th scope="row"><a href="#${idOf(target)}">${target}</a></th><td class="number">${tier}</td><td>${badgeOf(state)}</td>
<td>${parents.join(", ")}</td><td class="number">${build?.percent !== undefined && `${build.percent} %`}</td><td class="number">${timeOf(one)}</td>
<td class="number">${costOf(one)}</td><td class="number">${cache}</td><td class="reason">${reasons[0]?.split("\n", 1)[0]}</td></tr>`;
}
