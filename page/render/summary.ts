import { showDollars, showMinutes } from "../../chain/amounts.ts";
import { type Html, html } from "../html.ts";
import type { ChainView, TargetState } from "../view.ts";
import { ALL_STATES, badgeOf, STATES } from "./states.ts";
import { idOf, showLeft } from "./words.ts";

/** The head of the page: what it comes to, before any detail. */
export function renderSummary(view: ChainView): Html {
  const { longestChain, simulated, targets } = view;
  const counts = countsOf(view);
  return html`<section class="summary" aria-label="Summary">
<p class="headline"${targets.some(({ state }) => state === "failed") && html` data-state="failed"`}>${headline(view)}</p>
${simulated && html`<p class="note"><strong>Simulated.</strong> No build step runs; minutes and dollars are those that real builds are expected to take.</p>`}
<dl class="figures">${figures(view).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${strip(counts, targets.length)}
<ul class="legend">${counts.map(([state, count]) => html`<li title="${STATES[state].meaning}"><span class="count">${count}</span> ${badgeOf(state)}</li>`)}</ul>
${longestChain.length > 1 && html`<p class="path"><span>Longest chain</span> ${longestChain.map((name, index) => html`${index > 0 && html` <span class="arrow" aria-label="then">→</span> `}<a href="#${idOf(name)}">${name}</a>`)}</p>`}
</section>`;
}

/** The page in one sentence. */
export function headline({ targets, run }: ChainView): string {
  const count = (state: TargetState) => targets.filter((one) => one.state === state).length;
  const failed = count("failed");
  if (targets.length === 0) return "No builds yet";
  if (failed > 0)
    return `${failed} failed${count("skipped") > 0 ? `, ${count("skipped")} skipped because of that` : ""}`;
  if (run?.over) return `All ${targets.length - count("refused")} targets are published`;
  if (run !== undefined && targets.some(({ build }) => build !== undefined)) {
    return `${run.published} of ${run.toPublish} published`;
  }
  if (count("build") > 0) return `${count("build")} of ${targets.length} targets to build`;
  if (count("unknown") > 0) return `${targets.length} targets; no registry was asked`;
  return count("refused") > 0 ? `${count("refused")} of ${targets.length} targets refused` : "Nothing to build";
}

function figures({ run, expected, targets }: ChainView): readonly (readonly [name: string, value: string])[] {
  const started = targets.some(({ build }) => build !== undefined);
  if (run !== undefined && started) {
    return [
      ...(run.over ? [] : [["Left, at least", showLeft(run.secondsLeft)] as const]),
      ["Cost so far", showDollars(run.dollars)],
      ["Cost expected", showDollars(expected.dollars)],
      ["Time expected", showMinutes(expected.makespan)],
    ];
  }
  if (expected.minutes === 0) return [];
  return [
    ["Until all is built", showMinutes(expected.makespan)],
    ["Machine time", showMinutes(expected.minutes)],
    ["Cost", showDollars(expected.dollars)],
  ];
}

function countsOf({ targets }: ChainView): readonly (readonly [state: TargetState, count: number])[] {
  return ALL_STATES.map((state) => [state, targets.filter((one) => one.state === state).length] as const).filter(
    ([, count]) => count > 0,
  );
}

/** The states' shares as one bar. The legend below says the same in words. */
function strip(counts: readonly (readonly [TargetState, number])[], total: number): Html | false {
  let x = 0;
  const parts = counts.map(([state, count], index) => {
    const width = (count * 1000) / total;
    const gap = index < counts.length - 1 ? 3 : 0;
    const part = html`<rect data-state="${state}" x="${x}" width="${Math.max(0, width - gap)}" height="8"/>`;
    x += width;
    return part;
  });
  return (
    total > 0 &&
    html`<svg class="strip" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">${parts}</svg>`
  );
}
