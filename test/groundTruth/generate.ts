import { add, type Draft, type DraftStage, emptyDraft, fresh, type Mutation, stateOf } from "./draft.ts";
import { features } from "./features/all.ts";
import type { Feature } from "./features/feature.ts";
import { layoutMutations } from "./layout.ts";
import { Random } from "./random.ts";
import type { Case } from "./state.ts";

/** Where the construct under test stands. */
type Role = "target" | "parent of the target" | "copied from" | "mounted" | "unused";

const roles: readonly Role[] = [
  "target",
  "target",
  "target",
  "parent of the target",
  "copied from",
  "copied from",
  "mounted",
  "unused",
];

/**
 * The `index`-th case of a seed: a small Dockerfile with its files, and one change of it. The construct under test goes
 * through all that there are; what stands around it, where it stands and which change is made are random.
 */
export function generateCase(seed: number, index: number): Case {
  const random = new Random(seed * 1_000_003 + index);
  const tested = features[index % features.length];
  if (tested === undefined) throw new Error("there are no features");

  const draft = emptyDraft();
  draft.dockerfile = random.chance(0.15) ? "docker/Dockerfile.gpu" : "Dockerfile";
  if (random.chance(0.1)) draft.head.push("# check=skip=all");
  const role = random.pick(roles);
  const mutations = addStages(random, draft, tested, role);
  if (mutations.length === 0 || random.chance(0.2))
    mutations.splice(0, mutations.length, ...layoutMutations(random, draft));

  const before = stateOf(draft);
  const untried = [...mutations];
  while (untried.length > 0) {
    const [mutation] = untried.splice(random.below(untried.length), 1);
    if (mutation === undefined) break;
    const changed = structuredClone(draft);
    mutation.apply(changed);
    const after = stateOf(changed);
    if (!sameState(before, after))
      return { name: `${index}: ${tested.name} (${role}): ${mutation.name}`, before, after };
  }
  throw new Error(`no change of case ${index} changes anything`);
}

/** Puts the stages together: the one under test, what it stands on and what uses it. Returns changes of the former. */
function addStages(random: Random, draft: Draft, tested: Feature, role: Role): Mutation[] {
  const name = role === "target" ? random.pick([undefined, undefined, "final"]) : "tested";
  const made = stage(
    draft,
    tested.shell ? shellBase(random) : random.pick(["base:1", "scratch", "base:2"]),
    name,
    tested.shell,
  );
  fill(random, draft, made, random.below(2));
  const mutations = tested.add(random, draft, made);
  fill(random, draft, made, random.below(3));
  if (made.lines.length === 0) add(draft, made, "LABEL only=line");

  if (role === "target") {
    if (name === undefined || random.chance(0.5)) return mutations;
    draft.target = name;
    fill(random, draft, stage(draft, "base:1", "later", true), 1);
    return mutations;
  }
  if (role === "copied from" || role === "mounted") {
    add(draft, made, "COPY pin.txt /pin.txt");
    draft.files.set("pin.txt", { kind: "file", content: "pin" });
  }
  const target = stage(draft, role === "parent of the target" ? "tested" : "base:1", undefined, tested.shell);
  if (role === "copied from")
    add(draft, target, `COPY --from=tested ${random.pick(["/pin.txt", "/", "/pin*"])} /from/`);
  if (role === "mounted")
    add(draft, target, `RUN --mount=from=tested,target=/m${random.pick(["", ",source=/pin.txt"])} echo > /seen`);
  fill(random, draft, target, 1);
  return mutations;
}

function fill(random: Random, draft: Draft, into: DraftStage, count: number): void {
  const fitting = features.filter(({ shell }) => into.shell || !shell);
  for (let added = 0; added < count; added += 1) random.pick(fitting).add(random, draft, into);
}

function stage(draft: Draft, from: string, name: string | undefined, shell: boolean): DraftStage {
  const made: DraftStage = { id: fresh(draft), from, name, lines: [], shell };
  draft.stages.push(made);
  if (shell && from === "scratch") add(draft, made, "COPY --from=base:1 /bin/sh /bin/sh");
  return made;
}

function shellBase(random: Random): string {
  return random.pick(["base:1", "base:2", "scratch"]);
}

function sameState(one: object, other: object): boolean {
  const text = (state: object) =>
    JSON.stringify(state, (_key, value) => (value instanceof Map ? [...value].sort() : value));
  return text(one) === text(other);
}
