import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messagesIn } from "./messages.ts";

const root = process.cwd();
const page = readFileSync(join(root, "docs/troubleshooting.md"), "utf8");

/** Headings of what a person sees or asks, which is no message. */
const QUESTIONS = [
  "An image is rebuilt and nobody knows why",
  "An image is not rebuilt although packages have moved",
  "`plan` is slow",
  "The weekly refresh is red",
  "An image that was removed from Docker is not built again",
];

const quoted = [...page.matchAll(/^### (.*)$/gm)]
  .map(([, text = ""]) => text)
  .filter((text) => !QUESTIONS.includes(text));

/** Problems whose own words, with what is allowed and the fix, leave nothing to explain. */
const PLAIN = [
  "--json and --markdown exclude each other",
  "--settings says which registry is asked, so --registry cannot",
  "Docker's configuration is not valid JSON",
  "an image can only be tagged or copied by its digest",
  "cannot comment on the pull request: …",
  "nothing says whose inputs to show",
  "the action is not known",
  "the build arg has no value",
  "the build context is no folder",
  "the catalogue has no target …",
  "the environment has no pool of the image's machine",
  "the fault has no route",
  "the fault would meet no request: there is no such method",
  "the file cannot be read: …",
  "the local cloud has no such repository",
  "the local cloud has no such service account",
  "the report cannot be written: …",
  "the report's folder is not there",
  "the secret holds no token: it is empty, or has characters that no token has",
  "there is no such build in this environment",
  "there is no such Dockerfile",
  "this is no address of a repository that images are published in",
  "this is no address that GitHub's token may be sent to",
  "this is no pull request's number",
  "this is no repository at GitHub",
  "this is no version of a secret",
  "this program runs one step of a build",
  "what answers is not GitHub's API",
  "what was asked for cannot be keyed",
  "… has no image.yaml, so it is no image of the catalogue",
  "… has no check that runs without a GPU",
];

test("every message that troubleshooting.md quotes is one that the code can say", () => {
  const { texts } = messagesIn(root, ["{chain,cloud,builder,provider,components,cli,local}/**/*.ts", "settings.ts"]);
  expect(quoted.length).toBeGreaterThan(20);
  expect(quoted.filter((text) => !texts.has(text))).toEqual([]);
});

test("every mistake that cloud/, builder/ and cli/ tell of is explained there, or is plain by itself", () => {
  const { problems } = messagesIn(root, ["{cloud,builder,cli}/**/*.ts"]);
  const all = [...problems].flatMap(([file, texts]) => texts.map((text) => ({ file, text })));
  expect(all.length).toBeGreaterThan(30);
  expect(all.filter(({ text }) => !quoted.includes(text) && !PLAIN.includes(text))).toEqual([]);
  const said = new Set(all.map(({ text }) => text));
  expect(PLAIN.filter((text) => !said.has(text) || quoted.includes(text))).toEqual([]);
});
