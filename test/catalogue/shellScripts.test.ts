import { spawnSync } from "node:child_process";
import { globSync, statSync } from "node:fs";
import { available } from "../../toolbox/available.ts";
import { catalogue } from "./sandbox.ts";

const { tools, reason } = available(["hadolint", "shellcheck"]);

/** Runs a linter in the catalogue's folder; returns what it says. */
function lint(program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: catalogue, encoding: "utf8" });
  if (error) throw error;
  return status === 0 ? "" : `${stdout}${stderr}`;
}

const scripts = globSync("**/*.sh", { cwd: catalogue }).sort();
const dockerfiles = globSync("*/Dockerfile", { cwd: catalogue }).sort();

test("every script that is a program can be executed, and a file that is sourced cannot", () => {
  const executable = scripts.filter((script) => (statSync(`${catalogue}/${script}`).mode & 0o111) !== 0);
  const sourced = scripts.filter((script) => !executable.includes(script));
  expect(executable.length).toBeGreaterThan(10);
  expect(lint("grep", "-LE", "^#!/usr/bin/env bash$", ...executable)).toBe("");
  expect(lint("grep", "-LE", "^# shellcheck shell=bash$", ...sourced)).toBe("");
});

if (tools) {
  test.each(scripts)("shellcheck finds nothing in %s", (script) => {
    expect(lint(tools.shellcheck.path, "--external-sources", script)).toBe("");
  });
  test.each(dockerfiles)("hadolint finds nothing in %s", (dockerfile) => {
    expect(lint(tools.hadolint.path, "--no-color", dockerfile)).toBe("");
  });
} else {
  test.skip(`shellcheck and hadolint find nothing in the catalogue: ${reason}`, () => {});
}
