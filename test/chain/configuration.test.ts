import { parseConfiguration } from "../../chain/configuration.ts";
import { refusalOf } from "./smallChain.ts";

const parse = (text: string) => parseConfiguration(text, "Pulumi.dev.yaml");

test("the configuration is what stands under config, whatever else Pulumi keeps in the file", () => {
  expect(parse("encryptionsalt: v1:x\nconfig:\n  gcp:project: acme\n  strata:diskGb: 250\n")).toEqual({
    "gcp:project": "acme",
    "strata:diskGb": 250,
  });
});

test.each(["", "# nothing yet\n", "config:\n", "encryptionsalt: v1:x\n"])("%j configures nothing", (text) => {
  expect(parse(text)).toEqual({});
});

test.each([
  ["config:\n  a: [\n", "Pulumi.dev.yaml:2: this is no YAML"],
  ["config: [a]\n", "Pulumi.dev.yaml:1: config is not usable"],
  ["just words\n", "Pulumi.dev.yaml:1: the file is not usable"],
])("%j is refused with file, line, value, what is allowed and the fix", (text, problem) => {
  const message = refusalOf(() => parse(text));
  expect(message).toContain(problem);
  expect(message).toMatch(/\n {2}received: .+\n {2}allowed: {2}.+\n {2}fix: {6}.+$/);
});
