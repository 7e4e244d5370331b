import { besides } from "./keyOf.ts";

/** One build written in two ways, or two builds that look alike. */
export interface Spelling {
  readonly name: string;
  /** Whether BuildKit has nothing to do for the second after it has built the first. */
  readonly same: boolean;
  readonly one: string;
  readonly other: string;
}

/** A RUN with other flags; neither its history nor that of the target shows them. */
function flags(same: boolean, name: string, one: string, other: string): Spelling {
  const run = (written: string) => `FROM base:1\nWORKDIR /w\nRUN ${written} echo > /x\n`;
  return { name, same, one: run(one), other: run(other) };
}

/** An instruction of a stage whose history does not count. */
function instruction(same: boolean, name: string, one: string, other: string): Spelling {
  return { name, same, one: besides(one), other: besides(other) };
}

/** Instructions behind FROM base:2, which has BASE=2 in its environment; strata knows no more than its digest. */
function onBase(same: boolean, name: string, one: string, other: string): Spelling {
  const stage = (lines: string) => besides(`${lines}\nRUN echo > /ran`, "base:2");
  return { name, same, one: stage(one), other: stage(other) };
}

/** Values made of X=2a that differ only by what the base's environment is. */
function onBaseValue(name: string, expression: string): Spelling {
  return onBase(false, name, "ENV X=2a\nENV Y=$X", `ENV X=2a\nENV Y=\${${expression}}`);
}

function mounts(same: boolean, name: string, one: string, other: string): Spelling {
  return flags(same, name, `--mount=${one}`, `--mount=${other}`);
}

/** Defaults that are said, paths written in a longer way and what a base decides, with changes that look like them. */
export const spellings: readonly Spelling[] = [
  mounts(true, "a secret's mode", "type=secret,id=k", "type=secret,id=k,mode=0400"),
  mounts(true, "a secret's owner", "type=secret,id=k", "type=secret,id=k,uid=0,gid=0"),
  mounts(false, "another mode of a secret", "type=secret,id=k", "type=secret,id=k,mode=0440"),
  mounts(true, "the mode of a secret in a variable", "type=secret,id=k,env=K", "type=secret,id=k,env=K,mode=0440"),
  mounts(
    false,
    "the mode of a secret in both",
    "type=secret,id=k,env=K,target=/k",
    "type=secret,id=k,env=K,target=/k,mode=0440",
  ),
  mounts(true, "an agent's mode", "type=ssh", "type=ssh,mode=0600"),
  mounts(true, "an agent's owner", "type=ssh", "type=ssh,uid=0,gid=0"),
  mounts(true, "the mode of an agent with an owner", "type=ssh,uid=1", "type=ssh,uid=1,gid=0,mode=0600"),
  mounts(false, "another mode of an agent", "type=ssh", "type=ssh,mode=0660"),
  mounts(true, "an agent's socket", "type=ssh", "type=ssh,target=/run/buildkit/ssh_agent.0"),
  mounts(false, "another agent's socket", "type=ssh", "type=ssh,target=/run/buildkit/ssh_agent.1"),
  mounts(
    true,
    "a second agent's socket",
    "type=ssh --mount=type=ssh,id=b",
    "type=ssh --mount=type=ssh,id=b,target=/run/buildkit/ssh_agent.1",
  ),
  mounts(true, "the group of a cache", "type=cache,target=/c,uid=1", "type=cache,target=/c,uid=1,gid=0"),
  mounts(true, "the mode of a cache", "type=cache,target=/c,uid=1", "type=cache,target=/c,uid=1,gid=0,mode=0755"),
  mounts(true, "a cache with an owner or a mode", "type=cache,target=/c,uid=0", "type=cache,target=/c,mode=0755"),
  mounts(false, "a cache with and without an owner", "type=cache,target=/c", "type=cache,target=/c,uid=0"),
  mounts(false, "another group of a cache", "type=cache,target=/c,uid=1", "type=cache,target=/c,uid=1,gid=1"),
  mounts(
    true,
    "a mounted folder's slash",
    "from=files:1,source=/files,target=/m",
    "from=files:1,source=/files/,target=/m",
  ),
  mounts(false, "another mounted folder", "from=files:1,source=/files,target=/m", "from=files:1,target=/m"),
  mounts(true, "the slash of a relative target", "type=tmpfs,target=m", "type=tmpfs,target=m/"),
  mounts(false, "the slash of an absolute target", "type=tmpfs,target=/m", "type=tmpfs,target=/m/"),
  flags(true, "a device not required", "--device=v.org/d=x", "--device=v.org/d=x,required=false"),
  flags(true, "a device's name", "--device=v.org/d=x", "--device=required=0,name=v.org/d=x"),
  instruction(true, "no user before a group", "COPY --chown=:1 a /a", "COPY --chown=0:1 a /a"),
  instruction(true, "no user and no group", "COPY --chown=: a /a", "COPY --chown=root a /a"),
  instruction(false, "no group", "COPY --chown=0 a /a", "COPY --chown=0:0 a /a"),
  ...["./d/a", "/d/a", "d//a", "d/../d/a", "../d/a", "d/a/"].map((path) =>
    instruction(true, `--parents ${path}`, "COPY --parents d/a /x/", `COPY --parents ${path} /x/`),
  ),
  ...["/d//a", "/d/../d/a"].map((path) =>
    instruction(false, `--parents ${path}`, "COPY --parents d/a /x/", `COPY --parents ${path} /x/`),
  ),
  instruction(true, "--parents with a wildcard", "COPY --parents d/* /x/", "COPY --parents ./d/* /x/"),
  instruction(true, "--parents from the root", "COPY --parents ./d /x/", "COPY --parents /./d /x/"),
  instruction(true, "--parents behind a folder", "COPY --parents d/./a /x/", "COPY --parents /d/.//a /x/"),
  instruction(false, "--parents in another folder", "COPY --parents x/d/./a /z/", "COPY --parents y/d/./a /z/"),
  instruction(true, "a wildcard in another folder", "COPY --parents x/d/./* /z/", "COPY --parents y/d/./* /z/"),
  ...["/files/one", "./files/one"].map((path) =>
    instruction(
      true,
      `--parents ${path} of an image`,
      "COPY --from=files:1 --parents files/one /x/",
      `COPY --from=files:1 --parents ${path} /x/`,
    ),
  ),
  ...["/files/./one", "./files/./one"].map((path) =>
    instruction(
      true,
      `--parents ${path} of an image`,
      "COPY --from=files:1 --parents files/./one /x/",
      `COPY --from=files:1 --parents ${path} /x/`,
    ),
  ),
  onBaseValue("a start that the base's environment trims", "X#$BASE"),
  onBaseValue("an end that the base's environment trims", "X%%$BASE*"),
  onBaseValue("a part that the base's environment replaces", "X/$BASE/z"),
  onBase(
    false,
    "what the base's environment replaces a part by",
    `ENV X=2a\nENV Y=\${X//a/$BASE}`,
    `ENV X=2a\nENV Y=\${X//a/$PATH}`,
  ),
  onBase(false, "a folder above one that the base names", "WORKDIR $PATH/../x", "WORKDIR $BASE/../x"),
  onBase(
    false,
    "a folder from the root, or below another",
    "WORKDIR /w\nWORKDIR $PATH",
    "WORKDIR /w\nWORKDIR /w/$PATH",
  ),
  onBase(false, "an owner that the base names", "COPY --link --chown=$BASE a /a", "COPY --link --chown=$BASE:1 a /a"),
  {
    name: "a stage between the base and its command",
    same: true,
    one: "FROM base:2 AS t\nRUN echo > /x\n",
    other: "FROM base:2 AS b\nFROM b AS t\nRUN echo > /x\n",
  },
  ...["\n", "\r", "\u2028"].map((end) =>
    instruction(
      end === "\n",
      `a tab behind ${JSON.stringify(end)} in a here-document`,
      `COPY <<-end /x\na${end}\tb\nend`,
      `COPY <<-end /x\na${end}b\nend`,
    ),
  ),
];
