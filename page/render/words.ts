import { showDollars, showMinutes, showSeconds } from "../../chain/amounts.ts";
import type { PastBuild, TargetView } from "../view.ts";

/** The id of a target's own part of the page. */
export function idOf(target: string): string {
  return `t-${encodeURIComponent(target).replaceAll("%3A", ":")}`;
}

/** "image" and "stage" of "image:stage". */
export function partsOf(target: string): readonly [image: string, stage: string] {
  const at = target.lastIndexOf(":");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
}

/** How long a target takes or took, in a few words; empty where there is nothing to say. */
export function timeOf({ state, minutes, build }: TargetView): string {
  if (build !== undefined && (state === "building" || state === "verified")) {
    return build.secondsLeft === undefined ? "overdue" : `${showLeft(build.secondsLeft)} left`;
  }
  if (build !== undefined && (state === "published" || state === "failed")) return showSeconds(build.seconds);
  return state === "build" || state === "queued" ? showMinutes(minutes) : "";
}

/** How long something will take yet: an estimate, so no seconds but at the end. */
export function showLeft(seconds: number): string {
  return seconds < 60 ? showSeconds(seconds) : showMinutes(seconds / 60);
}

/** What a target costs or has cost so far. */
export function costOf({ state, dollars, build }: TargetView): string {
  if (state === "build" || state === "queued") return showDollars(dollars);
  return build === undefined || state === "skipped" ? "" : showDollars(build.dollars);
}

/** Share of compiles that the cache answered, as "93 % of 4,210". */
export function cacheOf({ compilerCache }: PastBuild): string {
  const all = Object.values(compilerCache?.compiles ?? {});
  const hits = all.reduce((sum, one) => sum + one.hits, 0);
  const compiles = all.reduce((sum, one) => sum + one.hits + one.misses, 0);
  return compiles === 0 ? "" : `${Math.round((hits * 100) / compiles)} % of ${compiles.toLocaleString("en-US")}`;
}

/** The whole state of a target in words, for who does not see it drawn. */
export function spoken(one: TargetView, word: string): string {
  const { target, parents, build } = one;
  const percent = one.state === "building" && build?.percent !== undefined ? ` ${build.percent} %` : "";
  const time = timeOf(one);
  const from = parents.length > 0 ? `, built on ${parents.join(" and ")}` : "";
  return `${target}: ${word}${percent}${time === "" ? "" : `, ${time}`}${from}`;
}

/** A time of day or a date as every reader understands it: "2026-11-22 20:13 UTC". */
export function showTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
