import { buildTasks, type Plan, type PlannedTarget } from "../chain/plan.ts";
import { type Quotas, schedule, type Task } from "../chain/schedule.ts";
import { publishedReference } from "../chain/target.ts";
import { ensure } from "./ensure.ts";
import type { BuildListener } from "./events.ts";
import { Detached, type FollowOptions } from "./follow.ts";
import type { TargetToPublish } from "./job.ts";
import type { BuildServices } from "./services.ts";
import type { BuildSettings } from "./settings.ts";

/** How a plan is run. */
export interface RunOptions extends FollowOptions {
  /** When a target fails: let the builds that run finish, or cancel those that this run submitted. */
  readonly onFailure: "finish" | "cancel";
  /** vCPUs that may be in use at once. */
  readonly quotas: Quotas;
}

/** What became of the targets of a plan. */
export interface RunResult {
  /** Digests by target, of what is published now, reused or built. */
  readonly published: ReadonlyMap<string, string>;
  readonly failed: ReadonlyMap<string, Error>;
  /** Targets that were not built, with the one that failed. */
  readonly skipped: ReadonlyMap<string, string>;
  /** Builds that go on although the run was left, by target. */
  readonly detached: ReadonlyMap<string, string>;
}

/** Makes what {@link ensure} needs of a target, once the digests of its parents are known. */
export type Prepare = (planned: PlannedTarget, published: ReadonlyMap<string, string>) => TargetToPublish;

/**
 * Builds what a plan says is to be built: children after their parents, siblings side by side as far as the quotas
 * allow, in the order that the schedule found best. A target that fails takes only its descendants with it.
 */
export async function runPlan(
  plan: Plan,
  prepare: Prepare,
  services: BuildServices,
  settings: BuildSettings,
  tell: BuildListener,
  options: RunOptions,
): Promise<RunResult> {
  return new Run(plan, prepare, services, settings, tell, options).toTheEnd();
}

class Run {
  private readonly targets: ReadonlyMap<string, PlannedTarget>;
  private readonly prepare: Prepare;
  private readonly services: BuildServices;
  private readonly settings: BuildSettings;
  private readonly tell: BuildListener;
  private readonly options: RunOptions;
  /** In the order of the schedule. */
  private readonly waiting: Task[];
  private readonly running = new Map<string, { readonly task: Task; readonly done: Promise<void> }>();
  /** Builds that this run submitted; those that it attached to are others' to cancel. */
  private readonly own = new Map<string, string>();
  private readonly result = {
    published: new Map<string, string>(),
    failed: new Map<string, Error>(),
    skipped: new Map<string, string>(),
    detached: new Map<string, string>(),
  };

  constructor(
    plan: Plan,
    prepare: Prepare,
    services: BuildServices,
    settings: BuildSettings,
    tell: BuildListener,
    options: RunOptions,
  ) {
    this.targets = new Map(plan.targets.map((one) => [one.target, one]));
    this.prepare = prepare;
    this.services = services;
    this.settings = settings;
    this.tell = tell;
    this.options = options;
    const tasks = buildTasks(plan.targets);
    const order = new Map(schedule(tasks, options.quotas).tasks.map(({ name }, place) => [name, place]));
    this.waiting = [...tasks].sort((a, b) => (order.get(a.name) ?? 0) - (order.get(b.name) ?? 0));
  }

  async toTheEnd(): Promise<RunResult> {
    await this.findReused();
    for (const { name } of this.waiting) this.announce(name);
    for (;;) {
      this.startWhatFits();
      if (this.running.size === 0) return this.result;
      await Promise.race([...this.running.values()].map(({ done }) => done));
    }
  }

  /** Children need the digests of the parents that are not built. */
  private async findReused(): Promise<void> {
    const reused = [...this.targets.values()].filter(({ action }) => action === "reuse");
    await Promise.all(
      reused.map(async ({ target, key = "" }) => {
        const reference = publishedReference(this.settings.images, target, key);
        const digest = await this.services.registry.digestOf(reference);
        if (digest !== undefined) this.result.published.set(target, digest);
      }),
    );
  }

  private announce(target: string): void {
    const { key = "", minutes = 0, dollars = 0 } = this.targets.get(target) ?? {};
    this.tell({ kind: "PLANNED", target, key, minutes, dollars });
  }

  private startWhatFits(): void {
    if (this.options.detach?.aborted) return;
    // Where one waits for its quota, those behind it in the schedule do too: they would put off the larger machine.
    const taken = new Set<string>();
    for (const task of [...this.waiting]) {
      const because = this.blockedBy(task);
      if (because !== undefined) {
        this.remove(task);
        this.result.skipped.set(task.name, because);
        this.tell({ kind: "SKIPPED", target: task.name, because });
      } else if (task.after.every((parent) => this.result.published.has(parent)) && !taken.has(task.quota)) {
        if (this.fits(task)) this.startBuild(task);
        else taken.add(task.quota);
      }
    }
  }

  /** The target whose end keeps this one from being built; tasks stand behind their parents, so one pass finds all. */
  private blockedBy({ after }: Task): string | undefined {
    const { failed, skipped, detached } = this.result;
    if (this.options.onFailure === "cancel" && failed.size > 0) return [...failed.keys()][0];
    const gone = after.find((parent) => failed.has(parent) || skipped.has(parent) || detached.has(parent));
    return gone === undefined ? undefined : (skipped.get(gone) ?? gone);
  }

  private fits({ vCpus, quota }: Task): boolean {
    const used = [...this.running.values()]
      .filter(({ task }) => task.quota === quota)
      .reduce((sum, { task }) => sum + task.vCpus, 0);
    return used + vCpus <= (this.options.quotas[quota] ?? Number.POSITIVE_INFINITY);
  }

  private startBuild(task: Task): void {
    this.remove(task);
    const done = this.build(task.name).finally(() => this.running.delete(task.name));
    this.running.set(task.name, { task, done });
  }

  private remove(task: Task): void {
    this.waiting.splice(this.waiting.indexOf(task), 1);
  }

  private async build(name: string): Promise<void> {
    const { published, failed, detached } = this.result;
    const noted: BuildListener = (event) => {
      this.tell(event);
      if (event.kind !== "QUEUED") return;
      this.own.set(name, event.build);
      if (this.options.onFailure === "cancel" && failed.size > 0) void this.cancelOwn();
    };
    try {
      const planned = this.targets.get(name);
      if (planned === undefined) throw new Error(`${name} is not in the plan`);
      const target = this.prepare(planned, published);
      const { digest } = await ensure(target, this.services, this.settings, noted, this.options);
      published.set(name, digest);
    } catch (error) {
      if (error instanceof Detached) {
        detached.set(name, error.build);
        return;
      }
      const failure = error instanceof Error ? error : new Error(String(error));
      failed.set(name, failure);
      this.own.delete(name);
      this.tell({ kind: "FAILED", target: name, error: failure });
      if (this.options.onFailure === "cancel") await this.cancelOwn();
    } finally {
      this.own.delete(name);
    }
  }

  private async cancelOwn(): Promise<void> {
    await Promise.allSettled([...this.own.values()].map((build) => this.services.builds.cancel(build)));
  }
}
