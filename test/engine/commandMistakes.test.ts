import { Scratch } from "../docs/scratch.ts";

/** The longest that one command may take, in milliseconds. */
const LIMIT_MS = 60_000;

let scratch: Scratch;
beforeAll(() => {
  scratch = new Scratch(process.cwd());
});
afterAll(() => scratch.close());

test.each([
  ["a setting that is none", "echo '  strata:colour: red' >>Pulumi.dev.yaml", "strata:colour is not a setting"],
  ["a configuration that is no YAML", "echo '  strata:readers: [' >>Pulumi.dev.yaml", "this is no YAML"],
  ["no configuration", ": >Pulumi.dev.yaml", "gcp:project does not name a Google Cloud project"],
  ["no project", "sed -i /gcp:project/d Pulumi.dev.yaml", "gcp:project does not name a Google Cloud project"],
  ["an image.yaml that is no YAML", "echo 'targets: [' >>dockerfiles/strata/image.yaml", "this is no YAML"],
])(
  "npm run pulumi -- preview dev tells of %s once, without a trace, and asks nobody",
  (_, mistake, problem) => {
    const { code, printed } = scratch.run(
      `${mistake}\nnpm run --silent pulumi -- preview dev || code=$?\ngit checkout --quiet .\nexit $code`,
      LIMIT_MS,
    );
    expect({ code, printed }).toEqual({ code: 1, printed: expect.stringMatching(/^strata: /) });
    expect(printed.split(problem)).toHaveLength(2);
    expect(printed).not.toMatch(/^ +at /m);
  },
  LIMIT_MS,
);
