import { join } from "node:path";
import { available } from "../../toolbox/available.ts";
import { startDockerd } from "../../toolbox/dockerd.ts";
import { Scratch } from "../docs/scratch.ts";
import { testCatalogue } from "./catalogue.ts";
import { dockerAt } from "./docker.ts";
import { workstationTest } from "./workstation.ts";

/** The longest that one command may take, in milliseconds. */
const LIMIT_MS = 100_000;

workstationTest(
  "npm run pulumi -- up workstation keeps the chain in Docker, without any cloud, and builds it once",
  async () => {
    const { tools } = available(["dockerd"]);
    if (tools === undefined) throw new Error("a workstation's test was not skipped without Docker");
    const daemon = await startDockerd(tools);
    const scratch = new Scratch(process.cwd());
    const catalogue = testCatalogue();
    const up = () => scratch.run("npm run --silent pulumi -- up workstation", LIMIT_MS);
    try {
      scratch.run(`cp -r ${join(process.cwd(), catalogue.folder)} small`, LIMIT_MS);
      scratch.run("echo '  strata:catalogue: small' >>Pulumi.workstation.yaml", LIMIT_MS);
      scratch.run(`export DOCKER_HOST=${daemon.address}`, LIMIT_MS);
      expect(up()).toMatchObject({ code: 0, printed: expect.stringContaining("app:run") });
      expect(await dockerAt(daemon.address).idOf("app:run")).toMatch(/^sha256:/);
      const again = up();
      expect({ ...again, built: /created|replaced/.test(again.printed) }).toMatchObject({ code: 0, built: false });
    } finally {
      scratch.close();
      catalogue.remove();
      await daemon.stop();
    }
  },
);

test(
  "npm run pulumi -- up workstation says where no Docker daemon answers, before it begins",
  () => {
    const scratch = new Scratch(process.cwd());
    try {
      const { code, printed } = scratch.run(
        "DOCKER_HOST=unix:///none npm run --silent pulumi -- up workstation",
        LIMIT_MS,
      );
      expect({ code, printed }).toMatchObject({
        code: 1,
        printed: expect.stringContaining("no Docker daemon answers"),
      });
      expect(printed).not.toContain("Updating");
    } finally {
      scratch.close();
    }
  },
  LIMIT_MS,
);
