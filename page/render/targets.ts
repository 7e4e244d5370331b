import { shortKey, showDollars, showMinutes, showSeconds } from "../../chain/amounts.ts";
import { type Content, type Html, html } from "../html.ts";
import type { PastBuild, TargetView } from "../view.ts";
import { badgeOf } from "./states.ts";
import { columnHead } from "./table.ts";
import { cacheOf, costOf, idOf, partsOf, showTime, timeOf } from "./words.ts";

/** A target as a line that opens: state, name, why, how far; inside everything else that is known. */
export function renderTarget(one: TargetView): Html {
  const { target, state, reasons } = one;
  const [image, stage] = partsOf(target);
  const [why = ""] = reasons;
  return html`<details class="target" id="${idOf(target)}" data-state="${state}"${openAtFirst(one)}>
<summary>
<span class="where">${badgeOf(state)}</span>
<h3>${image}<span class="stage">${stage !== "" && `:${stage}`}</span></h3>
<span class="why">${why.split("\n", 1)[0]}${reasons.length > 1 && html` <span class="more">+ ${reasons.length - 1} more</span>`}</span>
<span class="amounts">${amounts(one)}</span>
${bar(one)}
</summary>
<div class="inside">
${reasons.length > 0 && html`<section><h4>${reasonsTitle(one)}</h4><ul class="reasons">${reasons.map(reason)}</ul></section>`}
<dl class="facts">${facts(one)}</dl>
${one.log.length > 0 && html`<section><h4>End of the log</h4><pre class="log">${one.log.join("\n")}</pre></section>`}
${one.history.length > 0 && history(one)}
</div>
</details>`;
}

/** A text of several lines has columns of its own. */
function reason(text: string): Html {
  return text.includes("\n") ? html`<li><pre>${text}</pre></li>` : html`<li>${text}</li>`;
}

function openAtFirst({ state }: TargetView): Content {
  return state === "failed" && html` open`;
}

function reasonsTitle({ state }: TargetView): string {
  if (state === "failed") return "What went wrong";
  if (state === "refused") return "Why it cannot be keyed";
  return state === "skipped" ? "Why it was not built" : "Why it is built";
}

function amounts(one: TargetView): Html {
  const time = timeOf(one);
  const cost = costOf(one);
  return html`${time !== "" && html`<span class="time">${time}</span>`}${cost !== "" && html`<span class="cost">${cost}</span>`}`;
}

function bar({ target, state, build }: TargetView): Content {
  if (state !== "building" && state !== "verified") return undefined;
  const percent = build?.percent ?? 0;
  return html`<span class="progress"><progress max="100" value="${percent}" aria-label="Progress of ${target}">${percent} %</progress>
<span class="percent">${percent} %</span> <span class="marker">${state === "verified" ? "its checks have passed" : build?.marker}</span></span>`;
}

function facts(one: TargetView): readonly Content[] {
  const { tier, parents, key, machine, minutes, dollars, build, onLongestChain, history } = one;
  const cache = history.map(cacheOf).find((text) => text !== "");
  return [
    fact("Tier", String(tier)),
    parents.length > 0 && fact("Built on", links(parents)),
    key !== undefined && fact("Key", html`<code title="${key}">${shortKey(key)}</code>`),
    machine !== undefined && fact("Machine", machine),
    minutes > 0 && fact("Expected", `${showMinutes(minutes)}, ${showDollars(dollars)}`),
    build !== undefined && fact("So far", `${showSeconds(build.seconds)}, ${showDollars(build.dollars)}`),
    build?.attached === true && fact("Submitted by", "somebody else, on their bill"),
    onLongestChain && fact("Longest chain", "this is part of it"),
    cache !== undefined && fact("Compiler cache", `answered ${cache} last time`),
    build?.id !== undefined && fact("Build", html`<code>${build.id}</code>${logLink(build.logUrl)}`),
  ];
}

function fact(name: string, value: Content): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function links(targets: readonly string[]): readonly Html[] {
  return targets.map((name, index) => html`${index > 0 && ", "}<a href="#${idOf(name)}">${name}</a>`);
}

/** Only to where a browser may go: an address that a build service names is not to be trusted with more. */
function logLink(url: string | undefined): Content {
  if (url === undefined || !/^https?:\/\//.test(url)) return undefined;
  return html` <a href="${url}" rel="noreferrer noopener">whole log</a>`;
}

function history({ target, history: builds }: TargetView): Html {
  const cached = builds.some((one) => cacheOf(one) !== "");
  const columns = ["Published", "Key", "Time", "Cost", "Machine", "Checks", ...(cached ? ["From cache"] : [])];
  return html`<section><h4>Builds before</h4>
<div class="scroll" tabindex="0" role="region" aria-label="Builds of ${target}"><table>
<thead><tr>${columns.map(columnHead)}</tr></thead>
<tbody>${builds.map((one) => pastBuild(one, cached))}</tbody>
</table></div></section>`;
}

function pastBuild(one: PastBuild, cached: boolean): Html {
  const at = Date.parse(one.finishedAt);
  const passed = one.checks.filter(({ outcome }) => outcome === "passed").length;
  return html`<tr><th scope="row"><time datetime="${one.finishedAt}">${Number.isNaN(at) ? one.finishedAt : showTime(at)}</time>${one.simulated === true && " (simulated)"}</th>
<td><code title="${one.key}">${shortKey(one.key)}</code></td><td class="number">${showSeconds(one.minutes * 60)}</td><td class="number">${showDollars(one.dollars)}</td>
<td>${one.machine}</td><td>${passed} passed${passed < one.checks.length && `, ${one.checks.length - passed} skipped`}</td>${cached && html`<td class="number">${cacheOf(one)}</td>`}</tr>`;
}
