import { planOf } from "../../chain/plan.ts";
import { type PageServer, servePage } from "../../page/serve.ts";
import { WatchedRun } from "../../page/watchedRun.ts";
import { violationsOf } from "./accessibility.ts";
import { everyState, planned } from "./chainToShow.ts";
import { openPage, until, withBrowser } from "./withBrowser.ts";

const servers: PageServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function served(run: WatchedRun): Promise<PageServer> {
  const server = await servePage({ view: () => run.view(), port: 0 });
  servers.push(server);
  return server;
}

function twoTargets(): WatchedRun {
  const lib = planned("lib:runtime");
  return new WatchedRun({
    title: "dev",
    plan: planOf([lib, planned("app:runtime", { tier: 1, parents: [lib.target] })]),
  });
}

withBrowser("states, bars and logs change without a reload, and what is open and focused stays so", async () => {
  const run = twoTargets();
  const { url } = await served(run);
  const { page, complaints } = await openPage();
  await page.goto(url);
  const lib = page.locator("#t-lib\\:runtime");
  await lib.locator("summary").click();
  await page.evaluate("document.body.dataset.kept = 'yes'");

  run.tell({ kind: "QUEUED", target: "lib:runtime", build: "b-1" });
  await lib.getByText("queued").waitFor();
  const progress = { percent: 40, what: "wheels resolved" };
  run.tell({ kind: "BUILDING", target: "lib:runtime", build: "b-1", seconds: 60, log: ["line 1"], progress });
  await lib.getByText("wheels resolved").waitFor();
  await lib.getByText("line 1").waitFor();
  expect(await lib.locator("progress").getAttribute("value")).toBe("40");
  expect(await page.locator(".node[data-state=building]").count()).toBe(1);
  run.tell({ kind: "PUBLISHED", target: "lib:runtime", build: "b-1", digest: "d", seconds: 90, dollars: 0.5 });
  await page.getByText("1 of 2 published").waitFor();
  expect(await page.title()).toBe("1 of 2 published · dev · strata");

  expect(await lib.getAttribute("open")).not.toBeNull();
  expect(await page.evaluate("document.activeElement.closest('details').id")).toBe("t-lib:runtime");
  expect(await page.evaluate("document.body.dataset.kept")).toBe("yes");
  expect(complaints).toEqual([]);
});

withBrowser("a screen reader hears what ended, once and not every second", async () => {
  const run = twoTargets();
  const { url } = await served(run);
  const { page } = await openPage();
  await page.goto(url);
  await page.getByText("Live").waitFor();
  await page.evaluate(`globalThis.heard = [];
    new MutationObserver(() => heard.push(document.getElementById("news").textContent))
      .observe(document.getElementById("news"), { childList: true })`);
  for (let percent = 0; percent < 50; percent += 10) {
    run.tell({
      kind: "BUILDING",
      target: "lib:runtime",
      build: "b",
      seconds: percent,
      log: [],
      progress: { percent, what: "x" },
    });
    await page.waitForTimeout(200);
  }
  run.tell({ kind: "PUBLISHED", target: "lib:runtime", build: "b", digest: "d", seconds: 90, dollars: 0.5 });
  await page.waitForTimeout(700);
  run.tell({ kind: "FAILED", target: "app:runtime", error: new Error("no") });
  await until(page, "heard.length > 0");
  expect(await page.evaluate("heard")).toEqual(["lib:runtime published, app:runtime failed. 1 failed."]);
});

withBrowser(
  "a page whose server went away, or answers with an error, says so and goes on when it is back",
  async () => {
    const run = twoTargets();
    const first = await served(run);
    const { page } = await openPage();
    await page.goto(first.url);
    await page.getByText("Live").waitFor();
    await first.close();
    servers.splice(0);
    await page.getByText("Connection lost").waitFor();
    run.tell({ kind: "QUEUED", target: "lib:runtime", build: "b-1" });
    let looks = 0;
    const view = () => {
      looks += 1;
      if (looks === 1) throw new Error("not yet");
      return run.view();
    };
    servers.push(await servePage({ view, port: Number(new URL(first.url).port) }));
    await page.getByText("Live").waitFor();
    expect(looks).toBeGreaterThan(1);
    await page.locator("#t-lib\\:runtime").getByText("queued").waitFor();
  },
);

withBrowser(
  "the keyboard reaches every target in the drawing, and Enter opens its details and goes there",
  async () => {
    const { url } = await served(everyState());
    const { page, complaints } = await openPage();
    await page.goto(url);
    const focused = () =>
      page.evaluate("document.activeElement.getAttribute('href') ?? document.activeElement.parentElement.id");
    const links: unknown[] = [];
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("#targets");
    for (let step = 0; step < 60 && links.length < 10; step++) {
      await page.keyboard.press("Tab");
      if (await page.evaluate("document.activeElement.matches('.node')")) links.push(await focused());
    }
    expect(links).toHaveLength(10);
    expect(new Set(links).size).toBe(10);
    await page.keyboard.press("Enter");
    await until(page, "document.activeElement.matches('summary')");
    expect(`#${await focused()}`).toBe(links.at(-1));
    expect(await page.evaluate("document.activeElement.parentElement.open")).toBe(true);
    await page.keyboard.press("Space");
    expect(await page.evaluate("document.activeElement.parentElement.open")).toBe(false);
    expect(complaints).toEqual([]);
  },
);

withBrowser("axe finds nothing wrong, in light, dark and on a phone, with everything open", async () => {
  const { url } = await served(everyState());
  for (const options of [
    { colorScheme: "light" },
    { colorScheme: "dark" },
    { colorScheme: "light", viewport: { width: 360, height: 740 } },
  ] as const) {
    const { page, complaints } = await openPage(options);
    await page.goto(url);
    await page.getByText("Live").waitFor();
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
    expect(await violationsOf(page)).toEqual([]);
    expect(complaints).toEqual([]);
    const sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    expect(await page.evaluate(sideways)).toBe(false);
    await page.close();
  }
});

withBrowser("hostile names, reasons, logs and addresses stay text", async () => {
  const { url } = await served(everyState());
  const { page, complaints } = await openPage();
  await page.goto(url);
  await page.getByText("Live").waitFor();
  await page.waitForTimeout(700);
  expect(
    await page.evaluate("document.querySelectorAll('img, script:not([src]), [onerror], [href^=javascript]').length"),
  ).toBe(0);
  expect(await page.title()).toContain("</pre><script>");
  expect(await page.locator(".log").first().textContent()).toContain('<img src=x onerror="');
  expect(complaints).toEqual([]);
});

withBrowser("without JavaScript the page is whole, and says that it does not change by itself", async () => {
  const { url } = await served(everyState());
  const { page } = await openPage({ javaScriptEnabled: false });
  await page.goto(url);
  expect(await page.locator(".node").count()).toBe(10);
  expect(await page.locator("details.target").count()).toBe(10);
  await page.getByText("Not live: reload to see changes").waitFor();
});

withBrowser("whoever wants less motion gets none", async () => {
  const { url } = await served(everyState());
  for (const [reducedMotion, running] of [
    ["reduce", 0],
    ["no-preference", 1],
  ] as const) {
    const { page } = await openPage({ reducedMotion });
    await page.goto(url);
    expect(await page.evaluate("document.getAnimations().filter((one) => one instanceof CSSAnimation).length")).toBe(
      running,
    );
    await page.close();
  }
});
