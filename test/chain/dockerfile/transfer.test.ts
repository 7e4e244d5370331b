import { besides, keyOf } from "./keyOf.ts";

test("an owner that is not known before the build is no name that --link would refuse", async () => {
  const copy = (owner: string) => keyOf(`FROM base:1\nCOPY --link --chown=${owner} a /a\n`);
  const owners = ["$BASE", `\${BASE:-1}`, "$BASE:5", `5:\${BASE:-root}`, "0:1", "5"];
  expect(new Set(await Promise.all(owners.map(copy))).size).toBe(owners.length);
  for (const owner of ["name", "name:5", "5:name", "$BASE:name"]) {
    await expect(copy(owner)).rejects.toThrow(/--chown by name does not work together with --link/);
  }
});

test("in a here-document whose tabs are dropped only a line feed begins a line", async () => {
  const copy = (content: string) => keyOf(besides(`COPY <<-end /x\n${content}\nend`));
  expect(await copy("a\n\t\tb")).toBe(await copy("a\nb"));
  for (const end of ["\r", "\u2028", "\u2029"]) expect(await copy(`a${end}\tb`)).not.toBe(await copy(`a${end}b`));
});
