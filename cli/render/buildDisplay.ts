import {
  type BuildProgress,
  dollarsSoFar,
  elapsedOf,
  remainingOf,
  type TargetProgress,
} from "../../builder/runState.ts";
import { showDollars, showSeconds } from "../../chain/amounts.ts";
import type { Style } from "./style.ts";
import { cut } from "./width.ts";

const BAR = 20;
/** More lines than this are not drawn: what is over gives way to what is going on. */
const MOST_TARGETS = 16;

const COLOURS = {
  waiting: "dim",
  queued: "dim",
  building: "yellow",
  verified: "cyan",
  published: "green",
  skipped: "dim",
  failed: "red",
} as const;

/**
 * The display of a run: a heading, and a line for each target, tier by tier.
 * @param now milliseconds since 1970
 * @param startedAt when the run began
 * @param columns no line is longer
 */
export function renderBuildDisplay(
  progress: BuildProgress,
  { now, startedAt, columns }: { readonly now: number; readonly startedAt: number; readonly columns: number },
  style: Style,
): readonly string[] {
  const all = [...progress.values()].sort((a, b) => a.tier - b.tier);
  const shown = shownOf(all);
  const width = Math.max(0, ...shown.map(({ target }) => target.length));
  const lines = shown.map((one, index) => {
    const tier = shown[index - 1]?.tier === one.tier ? "      " : `tier ${one.tier}`;
    return `${style("dim", tier)}  ${style("bold", one.target.padEnd(width))}  ${describe(one, now, style)}`;
  });
  const hidden = all.length - shown.length;
  const more = hidden > 0 ? [style("dim", `and ${hidden} more`)] : [];
  return [heading(all, now, startedAt, style), ...lines, ...more].map((line) => cut(line, columns));
}

function shownOf(all: readonly TargetProgress[]): readonly TargetProgress[] {
  const over = (one: TargetProgress) => one.phase === "published" || one.phase === "skipped";
  const room = Math.max(0, all.length - MOST_TARGETS);
  const hidden = new Set(
    [...all.filter(over), ...all.filter((one) => one.phase === "waiting").reverse()].slice(0, room),
  );
  return all.filter((one) => !hidden.has(one));
}

function heading(all: readonly TargetProgress[], now: number, startedAt: number, style: Style): string {
  const count = (...phases: TargetProgress["phase"][]) => all.filter(({ phase }) => phases.includes(phase)).length;
  const failed = count("failed", "skipped");
  const parts = [
    `${count("published")} of ${all.length} published`,
    ...(count("building", "verified") > 0 ? [`${count("building", "verified")} building`] : []),
    ...(failed > 0 ? [`${failed} failed or skipped`] : []),
    showSeconds((now - startedAt) / 1000),
    `${showDollars(all.reduce((sum, one) => sum + dollarsSoFar(one, now), 0))} so far`,
  ];
  return style("bold", parts.join(" · "));
}

function describe(one: TargetProgress, now: number, style: Style): string {
  const { phase, percent = 0, marker } = one;
  const colour = COLOURS[phase];
  if (phase === "waiting") return style(colour, "waits");
  if (phase === "queued") return style(colour, `waits for a machine${one.attached ? ", somebody else's build" : ""}`);
  if (phase === "skipped") return style(colour, `not built, because ${one.because} failed`);
  const elapsed = showSeconds(elapsedOf(one, now));
  if (phase === "failed") return style(colour, `failed after ${elapsed}`);
  if (phase === "published") {
    return `${style(colour, "published")} after ${elapsed}, ${showDollars(dollarsSoFar(one, now))}`;
  }
  const bar = style(colour, "█".repeat(Math.round((percent * BAR) / 100)).padEnd(BAR, "░"));
  const remaining = remainingOf(one, now);
  const eta = remaining === undefined ? "longer than expected" : `about ${showSeconds(remaining)} left`;
  const what = phase === "verified" ? "checks have passed" : (marker ?? "");
  const cost = showDollars(dollarsSoFar(one, now));
  return `${bar} ${String(percent).padStart(3)} %  ${elapsed}, ${eta}, ${cost}  ${what}`.trimEnd();
}
