import { contextFiles } from "../chain/dockerfile/keyOf.ts";
import { spellings } from "../chain/dockerfile/spellings.ts";
import { compare } from "./compare.ts";
import { keyOf } from "./keyOf.ts";
import { file, type State } from "./state.ts";
import { groundTruthTest } from "./withBuildkit.ts";

function stateOf(dockerfile: string): State {
  const files = Object.entries({ ...contextFiles, Dockerfile: dockerfile });
  return {
    files: new Map(files.map(([path, content]) => [path, file(content)])),
    dockerfile: "Dockerfile",
    buildArgs: {},
  };
}

groundTruthTest("of two spellings BuildKit takes for one those have one key that it does", ({ bases, withOracle }) =>
  withOracle(async (oracle) => {
    for (const { name, same, one, other } of spellings) {
      const verdict = await compare({ name, before: stateOf(one), after: stateOf(other) }, oracle, bases, keyOf);
      expect({ name, ...verdict }).toEqual({ name, kind: "agreed", changed: !same });
    }
  }),
);
