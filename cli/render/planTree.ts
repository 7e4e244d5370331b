import { shortKey, showDollars, showMinutes } from "../../chain/amounts.ts";
import type { Plan, PlannedTarget } from "../../chain/plan.ts";
import type { Style } from "./style.ts";
import { cut, wrap } from "./width.ts";

const COLOURS = { reuse: "green", build: "yellow", unknown: "dim", refused: "red" } as const;

/** How many reasons of one target are shown; the rest is a count, and `strata explain` has all. */
const MOST_REASONS = 4;

/**
 * A plan as a tree: children below the parent that they wait for longest.
 * @param columns no line is longer: what does not fit is cut, but for what is wrong, which goes on in the next line
 */
export function renderPlanTree(plan: Plan, style: Style, columns = Number.POSITIVE_INFINITY): string {
  const byName = new Map(plan.targets.map((one) => [one.target, one]));
  const above = (one: PlannedTarget) => mainParent(one, byName);
  const width = Math.max(0, ...plan.targets.map((one) => one.target.length + 3 * depth(one, byName)));
  const lines: string[] = [];
  const draw = (one: PlannedTarget, indent: string, branch: string, below: string) => {
    const name = one.target.padEnd(width - indent.length - branch.length);
    lines.push(cut(`${style("dim", indent + branch)}${style("bold", name)}  ${describe(one, style)}`, columns));
    const children = plan.targets.filter((child) => above(child) === one.target);
    const gutter = `${indent}${below}${children.length > 0 ? "│  " : "   "}`;
    const room = columns - gutter.length;
    const notes = notesOf(one, above(one)).flatMap((note) =>
      one.action === "refused" ? wrap(note, room) : [cut(note, room)],
    );
    for (const note of notes) lines.push(`${style("dim", gutter)}${note}`);
    for (const [index, child] of children.entries()) {
      const last = index === children.length - 1;
      draw(child, indent + below, last ? "└─ " : "├─ ", last ? "   " : "│  ");
    }
  };
  for (const one of plan.targets) if (above(one) === undefined) draw(one, "", "", "");
  return `${lines.join("\n")}\n`;
}

/** The parent under which a target is drawn: the deepest, the last named of equals. */
function mainParent(one: PlannedTarget, byName: ReadonlyMap<string, PlannedTarget>): string | undefined {
  const tier = (name: string) => byName.get(name)?.tier ?? -1;
  const known = one.parents.filter((name) => byName.has(name));
  return known.reduce<string | undefined>(
    (best, name) => (best === undefined || tier(name) > tier(best) ? name : best),
    undefined,
  );
}

function depth(one: PlannedTarget, byName: ReadonlyMap<string, PlannedTarget>): number {
  const parent = byName.get(mainParent(one, byName) ?? "");
  return parent ? depth(parent, byName) + 1 : 0;
}

function describe(one: PlannedTarget, style: Style): string {
  const action = style(COLOURS[one.action], one.action.padEnd(7));
  const key = one.key === undefined ? "-" : style("dim", shortKey(one.key));
  if (one.action !== "build") return `${action}  ${key}`;
  const from = one.measured === undefined ? "" : style("dim", `  ${measuredIn(one.measured)}`);
  return `${action}  ${key}  ${showMinutes(one.minutes).padStart(7)}  ${showDollars(one.dollars).padStart(7)}  ${one.machine}${from}`;
}

function measuredIn(builds: number): string {
  return builds === 1 ? "as its last build" : `median of its last ${builds} builds`;
}

function notesOf(one: PlannedTarget, drawnUnder: string | undefined): readonly string[] {
  const others = one.parents.filter((parent) => parent !== drawnUnder);
  const shown = one.reasons.slice(0, MOST_REASONS).flatMap(({ text }) => text.split("\n"));
  const more = one.reasons.length - MOST_REASONS;
  return [
    ...(others.length > 0 ? [`also from ${others.join(", ")}`] : []),
    ...shown,
    ...(more > 0 ? [`and ${more} more: strata explain ${one.target}`] : []),
    ...(one.sharesWith === undefined ? [] : [`built after ${one.sharesWith}, whose layers it shares`]),
  ];
}

/** The last lines of a plan: counts, time, money, the longest chain. */
export function renderPlanSummary({ totals, criticalPath }: Plan, style: Style): string {
  const { build, reuse, unknown, refused } = totals;
  const counts = [
    `${build} to build`,
    `${reuse} to reuse`,
    ...(unknown > 0 ? [`${unknown} not asked for`] : []),
    ...(refused > 0 ? [`${refused} refused`] : []),
  ].join(", ");
  if (build === 0) return `${style("bold", counts)}\n`;
  const time = `${showMinutes(totals.makespan)} until all is built, ${showMinutes(totals.minutes)} of machines`;
  return `${style("bold", counts)}: ${time}, about ${showDollars(totals.dollars)}\nlongest chain: ${criticalPath.join(" -> ")}\n`;
}
