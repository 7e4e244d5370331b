import { add, fresh, insertLine, type Mutation, removeLine, rewrite } from "../draft.ts";
import type { Random } from "../random.ts";
import { type Feature, feature, shellFeature } from "./feature.ts";

/** Values that differ, some of them only for a shell or only for Docker's quoting rules. */
function value(random: Random): string {
  return random.pick(["1", "two", "3.14", '"a b"', "x,y", "/opt/t", '""', "'single $q'", "a\\ b", "http://h/?a=b"]);
}

function passed(name: string, argument: string, text: string | undefined): Mutation {
  return {
    name,
    apply(draft) {
      if (text === undefined) delete draft.buildArgs[argument];
      else draft.buildArgs[argument] = text;
    },
  };
}

/** ARG and ENV in every scope, used and unused. */
export const variables: Feature[] = [
  shellFeature("ARG with a default before RUN", (random, draft, stage) => {
    const name = `A${fresh(draft)}`;
    const first = value(random);
    const arg = add(draft, stage, `ARG ${name}=${first}`);
    const run = add(draft, stage, random.chance(0.5) ? `RUN echo "$${name}" > /${name}` : `RUN echo fixed > /${name}`);
    return [
      rewrite("ARG default", arg, `ARG ${name}=${value(random)}`),
      rewrite("ARG without its default", arg, `ARG ${name}`),
      passed("build arg passed", name, random.pick(["given", "", "1", "two"])),
      removeLine("ARG removed", arg),
      insertLine("second ARG of the same name", arg, `ARG ${name}=later`),
      insertLine("ARG behind RUN", run, `ARG Z${name}=${value(random)}`),
      insertLine("ENV of the same name", arg, `ENV ${name}=covered`),
      {
        name: "ARG moved behind its RUN",
        apply(changed) {
          removeLine("", arg).apply(changed);
          insertLine("", run, `ARG ${name}=${first}`).apply(changed);
        },
      },
      rewrite("ARG becomes ENV", arg, `ENV ${name}=${first}`),
      passed("undeclared build arg passed", `UNDECLARED${name}`, "x"),
    ];
  }),
  shellFeature("ARG overridden by a build arg", (random, draft, stage) => {
    const name = `B${fresh(draft)}`;
    draft.buildArgs[name] = "given";
    const arg = add(draft, stage, `ARG ${name}=${value(random)}`);
    add(draft, stage, `RUN echo "$${name}" > /${name}`);
    return [
      rewrite("overridden default", arg, `ARG ${name}=${value(random)}`),
      rewrite("overridden default removed", arg, `ARG ${name}`),
      passed("build arg changed", name, "other"),
      passed("build arg taken away", name, undefined),
      rewrite("default equal to the build arg", arg, `ARG ${name}=given`),
    ];
  }),
  shellFeature("ARG without a value", (_random, draft, stage) => {
    const name = `C${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}`);
    add(draft, stage, `RUN echo "\${${name}:-none}" > /${name}`);
    return [
      removeLine("ARG without a value removed", arg),
      rewrite("ARG with an empty default", arg, `ARG ${name}=`),
      rewrite("another ARG without a value", arg, `ARG ${name}X`),
      passed("build arg for ARG without a value", name, "x"),
      insertLine("repeated ARG without a value", arg, `ARG ${name}`),
    ];
  }),
  feature("ARG behind the last step", (random, draft, stage) => {
    const name = `D${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}=${value(random)}`);
    return [
      rewrite("unused ARG default", arg, `ARG ${name}=${value(random)}`),
      removeLine("unused ARG removed", arg),
      passed("build arg for an unused ARG", name, "v"),
      insertLine("unused ENV", arg, `ENV E${name}=1`),
    ];
  }),
  shellFeature("global ARG redeclared", (random, draft, stage) => {
    const name = `G${fresh(draft)}`;
    const global = add(draft, "globals", `ARG ${name}=${value(random)}`);
    const local = add(draft, stage, `ARG ${name}${random.chance(0.3) ? "=own" : ""}`);
    add(draft, stage, `RUN echo "$${name}" > /${name}`);
    return [
      rewrite("redeclared global default", global, `ARG ${name}=${value(random)}`),
      removeLine("redeclared global removed", global),
      removeLine("redeclaration removed", local),
      passed("build arg for a redeclared global", name, "v"),
      rewrite("redeclaration with a default", local, `ARG ${name}=own`),
      insertLine("global ARG that uses another", global, `ARG H${name}=\${${name}}-x`),
    ];
  }),
  feature("global ARG that nothing uses", (random, draft) => {
    const name = `U${fresh(draft)}`;
    const global = add(draft, "globals", `ARG ${name}=${value(random)}`);
    return [
      rewrite("unused global default", global, `ARG ${name}=${value(random)}`),
      removeLine("unused global removed", global),
      passed("build arg for an unused global", name, "v"),
    ];
  }),
  feature("global ARG in FROM", (random, draft, stage) => {
    const name = `F${fresh(draft)}`;
    const version = stage.from === "base:2" ? "2" : "1";
    if (!/^base:[12]$/.test(stage.from)) return [];
    const global = add(draft, "globals", `ARG ${name}=${version}`);
    stage.from = random.pick([
      `base:$${name}`,
      `base:\${${name}}`,
      `\${${name}:+base:}${version}`,
      `base:\${${name}:-1}`,
    ]);
    return [
      rewrite("global ARG in FROM", global, `ARG ${name}=${version === "1" ? "2" : "1"}`),
      rewrite("global ARG in FROM, quoted", global, `ARG ${name}="${version}"`),
      passed("build arg in FROM equal to its default", name, version),
      passed("build arg in FROM", name, version === "1" ? "2" : "1"),
      {
        name: "FROM written out",
        apply(changed) {
          for (const one of changed.stages) if (one.id === stage.id) one.from = `base:${version}`;
        },
      },
    ];
  }),
  shellFeature("ENV before RUN", (random, draft, stage) => {
    const name = `E${fresh(draft)}`;
    const first = value(random);
    const env = add(draft, stage, `ENV ${name}=${first} ${name}B=b`);
    const run = add(draft, stage, `RUN echo "$${name}" > /${name}`);
    return [
      rewrite("ENV value", env, `ENV ${name}=${value(random)} ${name}B=b`),
      rewrite("ENV in two instructions", env, `ENV ${name}=${first}\nENV ${name}B=b`),
      rewrite("ENV order", env, `ENV ${name}B=b ${name}=${first}`),
      rewrite("ENV quoted", env, `ENV ${name}=${first} ${name}B="b"`),
      insertLine("ENV behind RUN", run, `ENV Z${name}=1`),
      insertLine("old form of ENV", run, `ENV Z${name} 1 2`),
      insertLine("ENV overwritten at once", env, `ENV ${name}=over`, "before"),
      insertLine("ARG that an ENV covers", env, `ARG ${name}=hidden`, "before"),
      insertLine("ARG behind an ENV of that name", env, `ARG ${name}=hidden`),
      passed("build arg with the name of an ENV", name, "v"),
    ];
  }),
  shellFeature("ENV made from other variables", (random, draft, stage) => {
    const name = `X${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}=abc.tar.gz`);
    const form = (pattern: string) => `ENV ${name}E=${pattern.replaceAll("@", name)}`;
    const forms = [
      "${@}",
      "$@",
      "${@:-none}",
      "${@:+some}",
      "${@%.gz}",
      "${@##*.}",
      "${@/abc/x}",
      '"${@}"',
      "'${@}'",
      "\\$@",
    ];
    const env = add(draft, stage, form(random.pick(forms)));
    add(draft, stage, `RUN echo "$${name}E" > /${name}`);
    return [
      rewrite(
        "ARG that an ENV is made from",
        arg,
        `ARG ${name}=${random.pick(["abd.tar.gz", "abc.tar.xz", '""', "abc.tar.gz"])}`,
      ),
      rewrite("form of an expansion", env, form(random.pick(forms))),
      rewrite("expansion written out", env, `ENV ${name}E=abc.tar.gz`),
      passed("build arg equal to the default", name, "abc.tar.gz"),
    ];
  }),
  shellFeature("predefined arguments", (random, draft, stage) => {
    const name = random.pick(["TARGETARCH", "TARGETPLATFORM", "BUILDOS", "TARGETVARIANT", "TARGETSTAGE"]);
    const arg = add(draft, stage, `ARG ${name}`);
    add(draft, stage, `RUN echo "$${name}" > /predefined${fresh(draft)}`);
    return [
      removeLine("predefined argument removed", arg),
      rewrite("predefined argument with a default", arg, `ARG ${name}=mine`),
      rewrite("another predefined argument", arg, "ARG TARGETOS"),
      passed("build arg for a predefined argument", name, "given"),
      {
        name: "last stage named",
        apply(changed) {
          const lastStage = changed.stages.at(-1);
          if (lastStage && lastStage.name === undefined) lastStage.name = "named";
        },
      },
    ];
  }),
  shellFeature("proxies", (random, draft, stage) => {
    const name = random.pick(["HTTP_PROXY", "http_proxy", "NO_PROXY", "https_proxy"]);
    const run = add(draft, stage, `RUN echo proxied > /proxy${fresh(draft)}`);
    return [
      passed("undeclared proxy", name, "http://p"),
      {
        name: "declared proxy",
        apply(changed) {
          insertLine("", run, `ARG ${name}`, "before").apply(changed);
          changed.buildArgs[name] = "http://p";
        },
      },
      insertLine("proxy declared without a value", run, `ARG ${name}`, "before"),
    ];
  }),
  shellFeature("several arguments in one ARG", (_random, draft, stage) => {
    const name = `M${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}=1 ${name}B ${name}C=$${name}x`);
    add(draft, stage, `RUN echo "$${name}$${name}B$${name}C" > /${name}`);
    return [
      rewrite("order in one ARG", arg, `ARG ${name}B ${name}=1 ${name}C=$${name}x`),
      rewrite("one ARG split", arg, `ARG ${name}=1\nARG ${name}B ${name}C=$${name}x`),
      rewrite("value in a list of ARG", arg, `ARG ${name}=1 ${name}B=2 ${name}C=$${name}x`),
      passed("build arg for one of a list", `${name}B`, "b"),
      passed("build arg that another default uses", name, "changed"),
    ];
  }),
];
