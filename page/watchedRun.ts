import type { BuildEvent } from "../builder/events.ts";
import { type BuildProgress, progressOf, withEvent } from "../builder/runState.ts";
import type { Plan } from "../chain/plan.ts";
import { type ChainView, type PastBuild, viewOf } from "./view.ts";

/** What a run that is watched is. */
export interface WatchedRunFacts {
  readonly title: string;
  /** What the plan was compared with or asked of, in a few words, as "compared with main". */
  readonly about?: string;
  readonly plan: Plan;
  /**
   * For builds that are played: how many times faster than real. Times and dollars are then shown as the builds would
   * have them, and the view says that they are simulated.
   */
  readonly simulated?: { readonly timeScale: number };
}

/** The run of a plan, for whoever wants to see at any time how it stands: hears its events, tells the view. */
export class WatchedRun {
  private readonly facts: WatchedRunFacts;
  private readonly startedAt = Date.now();
  private readonly scale: number;
  private progress: BuildProgress;
  private readonly recorded = new Map<string, readonly PastBuild[]>();

  constructor(facts: WatchedRunFacts) {
    this.facts = facts;
    // A scale of 0 ends builds at once: there is no time to stretch.
    this.scale = facts.simulated?.timeScale || 1;
    this.progress = progressOf(facts.plan);
  }

  /** Takes an event of the run. A listener by itself: it can be handed on without its object. */
  readonly tell = (event: BuildEvent): void => {
    this.progress = withEvent(this.progress, this.scaled(event), this.now());
  };

  /** Takes what was recorded of a target's builds, the newest first. */
  setHistory(target: string, records: readonly PastBuild[]): void {
    this.recorded.set(target, records);
  }

  /** How things stand now. */
  view(): ChainView {
    const { title, about, plan, simulated } = this.facts;
    const view = viewOf({
      title,
      ...(about !== undefined && { about }),
      simulated: simulated !== undefined,
      plan,
      progress: this.progress,
      records: this.recorded,
      now: this.now(),
    });
    return { ...view, at: Date.now() };
  }

  /** An event with the seconds and dollars that its build stands for. */
  private scaled(event: BuildEvent): BuildEvent {
    if (event.kind === "BUILDING") return { ...event, seconds: event.seconds * this.scale };
    if (event.kind !== "PUBLISHED") return event;
    return { ...event, seconds: event.seconds * this.scale, dollars: event.dollars * this.scale };
  }

  /** Milliseconds since 1970 by the clock of the builds. */
  private now(): number {
    return this.startedAt + (Date.now() - this.startedAt) * this.scale;
  }
}
