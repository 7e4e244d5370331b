import { keyOf } from "./keyOf.ts";
import { spellings } from "./spellings.ts";

test.each(spellings.filter(({ same }) => same))("$name, written in two ways, is one key", async ({ one, other }) => {
  expect(await keyOf(other)).toBe(await keyOf(one));
});

test.each(spellings.filter(({ same }) => !same))("$name is another key", async ({ one, other }) => {
  expect(await keyOf(other)).not.toBe(await keyOf(one));
});

test("a device that is required, and one whose name looks like that, have keys of their own", async () => {
  const run = (device: string) => keyOf(`FROM base:1\nRUN --device=${device} build\n`);
  const plain = ["a", "a,required", "'\"a,required\"'", "'\"a,required\",required'"];
  expect(new Set(await Promise.all(plain.map(run))).size).toBe(plain.length);
  expect(await run("required=true,name=a")).toBe(await run("a,required"));
  for (const device of ["a,b", "a,name=b", "a,required=maybe", "'\"a'", ""]) {
    await expect(run(device)).rejects.toThrow(/^Dockerfile:2: .*\n {2}received: /);
  }
});
