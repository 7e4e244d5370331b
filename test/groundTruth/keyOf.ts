import { workTree } from "../../chain/context/workTree.ts";
import { buildOptions, collectTarget, readDockerfile } from "../../chain/inputs.ts";
import type { BaseImage } from "./buildkit.ts";
import type { State } from "./state.ts";

/** Strata's key of a state whose context lies in a folder: the engine behind `strata inputs`, in this process. */
export async function keyOf(state: State, folder: string, bases: readonly BaseImage[]): Promise<string> {
  const tree = workTree(folder);
  const dockerfile = { tree, path: state.dockerfile };
  const lock = {
    file: "bases.lock.yaml",
    digests: new Map(bases.map(({ name, digest }) => [`docker.io/library/${name}`, digest])),
  };
  const options = buildOptions({ target: state.target, args: state.buildArgs });
  const collected = await collectTarget(readDockerfile(dockerfile), { dockerfile, context: tree, lock }, options);
  return collected.inputs.key;
}
