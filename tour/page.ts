import type { BuildListener } from "../builder/events.ts";
import type { Plan } from "../chain/plan.ts";
import { DEFAULT_SETTINGS } from "../local/cloud.ts";
import { type PageServer, servePage } from "../page/serve.ts";
import { WatchedRun } from "../page/watchedRun.ts";

/** The page that shows the builds of a tour while they run and after. */
export class TourPage {
  private readonly simulated: boolean;
  private readonly port: number;
  private run: WatchedRun | undefined;
  private server: PageServer | undefined;

  /**
   * @param simulated whether no step of a build is run, which the page says.
   * @param port the page's port on 127.0.0.1; 0 takes a free one.
   */
  constructor(simulated: boolean, port: number) {
    this.simulated = simulated;
    this.port = port;
  }

  /** Where the page is; undefined before there is anything to show. */
  get url(): string | undefined {
    return this.server?.url;
  }

  /** Shows a run in place of the one before it; what is returned hears how its builds get on. */
  async watch(plan: Plan): Promise<BuildListener> {
    const simulated = this.simulated && { simulated: { timeScale: DEFAULT_SETTINGS.timeScale } };
    const run = new WatchedRun({ title: "The tour's chain, environment dev", plan, ...simulated });
    this.run = run;
    this.server ??= await servePage({ view: () => (this.run ?? run).view(), port: this.port });
    return run.tell;
  }

  async close(): Promise<void> {
    await this.server?.close();
  }
}
