import { join } from "node:path";
import { available } from "../../toolbox/available.ts";
import { playTour, temporary } from "./player.ts";

const place = temporary();
afterAll(() => place.remove());

/** Why this machine does not play it; undefined where it does. */
function reason(): string | undefined {
  if (process.getuid?.() !== 0) return "BuildKit needs root";
  if (process.env.STRATA_LONG_TESTS !== "1") return "takes a minute; STRATA_LONG_TESTS=1 runs it";
  return available(["pulumi", "buildkitd", "buildx", "runc"]).reason;
}

const why = reason();

(why === undefined ? test : test.skip)(
  `--worker docker compiles its chain for real, then nothing, then what an edit touches${why === undefined ? "" : ` (skipped: ${why})`}`,
  async () => {
    const { code, out } = await playTour(join(place.folder, "tour"), ["--worker", "docker"]);
    expect(out).toContain("5 images built, verified and published");
    expect(out).toMatch(/0 of 5 images built; resources: \d+ unchanged in/);
    expect(out).toMatch(/[1-4] of 5 images built again: /);
    expect(out).not.toContain("SIMULATED");
    expect(code).toBe(0);
  },
  400_000,
);
