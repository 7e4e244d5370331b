import { createHash } from "node:crypto";
import { type Content, type Html, html, raw } from "../html.ts";
import type { ChainView, TargetView } from "../view.ts";
import { renderGraph } from "./graph.ts";
import { headline, renderSummary } from "./summary.ts";
import { renderTable } from "./table.ts";
import { renderTarget } from "./targets.ts";
import { showTime } from "./words.ts";

/** The page that a server gives: it is whole without a script, and with one it stays so. */
export function renderLivePage(view: ChainView): Html {
  return documentOf({
    head: html`<link rel="stylesheet" href="/page.css"><script type="module" src="/live.js"></script>`,
    view,
    connection: html`<p class="connection" id="connection" data-state="off">Not live: reload to see changes</p>
<p class="unseen" id="news" role="status" aria-live="polite"></p>`,
  });
}

/**
 * A view as one file that needs nothing else and runs no script.
 * @param style the style sheet, as `readStyle` gives it
 */
export function renderReport(view: ChainView, style: string): Html {
  const hash = createHash("sha256").update(style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
  return documentOf({
    head: html`<meta http-equiv="Content-Security-Policy" content="${policy}"><style>${raw(style)}</style>`,
    view,
    connection: html`<p class="connection">as of <time datetime="${new Date(view.at).toISOString()}">${showTime(view.at)}</time></p>`,
  });
}

/** What changes: the part of the page that is sent again when something has happened. */
export function renderContent(view: ChainView): Html {
  const { targets, title } = view;
  return html`<main id="content" data-title="${headline(view)} · ${title} · strata">
${renderSummary(view)}
${
  targets.length > 0 &&
  html`<section aria-labelledby="chain"><h2 id="chain">Chain</h2>
<div class="scroll drawing" tabindex="0" role="region" aria-label="The chain as a drawing">${renderGraph(view)}</div>
<details class="alternative" id="table"><summary>The same as a table</summary>${renderTable(view)}</details></section>
<section aria-labelledby="targets"><h2 id="targets">Targets</h2>${tiers(targets)}</section>`
}
</main>`;
}

function tiers(targets: readonly TargetView[]): readonly Html[] {
  const sorted = targets.toSorted((a, b) => a.tier - b.tier);
  return sorted.map(renderTarget);
}

function documentOf(parts: { readonly head: Html; readonly view: ChainView; readonly connection: Html }): Html {
  const { title, about } = parts.view;
  const subtitle: Content = about !== undefined && html`<p class="about">${about}</p>`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${parts.head}
<title>${headline(parts.view)} · ${title} · strata</title>
</head>
<body>
<a class="skip" href="#targets">Skip to the targets</a>
<header class="top"><p class="brand"><svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><path d="M10 1.5 18.5 6 10 10.500 1.5 6Z"/><path d="m3.600 9.200-2.100 1.100L10 14.800l8.500-4.500-2.100-1.100L10 12.600Z"/><path d="m3.600 13.400-2.100 1.100L10 19l8.500-4.500-2.100-1.100L10 16.800Z"/></svg>strata</p>
<div class="titles"><h1>${title}</h1>${subtitle}</div>
${parts.connection}</header>
${renderContent(parts.view)}
</body>
</html>
`;
}
