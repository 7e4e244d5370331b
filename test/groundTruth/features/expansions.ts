import { add, type Draft, fresh, insertLine, type Mutation, rewrite } from "../draft.ts";
import { type Feature, feature, shellFeature } from "./feature.ts";

function passed(argument: string, text: string): Mutation {
  return {
    name: `build arg ${text === "" ? "empty" : text}`,
    apply(draft: Draft) {
      draft.buildArgs[argument] = text;
    },
  };
}

/** Variables wherever Docker expands them, and where it does not. */
export const expansions: Feature[] = [
  feature("variables in metadata", (random, draft, stage) => {
    const name = `V${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}=7`);
    const text = random.pick([
      `LABEL l=$${name} "k$${name}"='$${name}'`,
      `EXPOSE $${name}/tcp`,
      `VOLUME /v$${name}`,
      `USER $${name}`,
      `STOPSIGNAL $${name}`,
      `CMD echo $${name}`,
      `ENTRYPOINT ["$${name}"]`,
      `HEALTHCHECK --retries=$${name} CMD true`,
      `WORKDIR /w$${name}`,
      `ONBUILD LABEL l=$${name}`,
      `MAINTAINER $${name}`,
      `SHELL ["/bin/$${name}"]`,
    ]);
    const line = add(draft, stage, text);
    return [
      passed(name, "8"),
      passed(name, "7"),
      rewrite("default in metadata", arg, `ARG ${name}=9`),
      rewrite("variable in metadata in braces", line, text.replaceAll(`$${name}`, `\${${name}}`)),
      rewrite("variable in metadata written out", line, text.replaceAll(`$${name}`, "7")),
      rewrite("variable in metadata with a default", line, text.replaceAll(`$${name}`, `\${${name}:-1}`)),
      rewrite("variable in metadata escaped", line, text.replaceAll(`$${name}`, `\\$${name}`)),
    ];
  }),
  shellFeature("ENV over several lines", (_random, draft, stage) => {
    const name = `L${fresh(draft)}`;
    const env = add(draft, stage, `ENV ${name}="a \\\n  b" \\\n    ${name}B=c`);
    add(draft, stage, `RUN echo "$${name}" > /${name}`);
    return [
      rewrite("indentation in a quoted value", env, (text) => text.replace("\n  b", "\n    b")),
      rewrite("indentation between values", env, (text) => text.replace("\n    L", "\n L")),
      rewrite("comment between values", env, (text) => text.replace("\n    L", "\n  # note\n    L")),
      rewrite("values on one line", env, (text) => text.replace(" \\\n    L", " L")),
      rewrite("quoted value on one line", env, (text) => text.replace("\\\n", "")),
      rewrite("comment sign in a quoted value", env, (text) => text.replace("\n  b", "\n#b")),
    ];
  }),
  shellFeature("ENV that refers to itself", (random, draft, stage) => {
    const name = `S${fresh(draft)}`;
    const first = add(draft, stage, `ENV ${name}=/a`);
    const second = add(draft, stage, random.pick([`ENV ${name}=$${name}:/b`, `ENV ${name}=/c ${name}B=$${name}`]));
    add(draft, stage, `RUN echo "$${name}" > /${name}`);
    return [
      rewrite("value that another refers to", first, `ENV ${name}=/x`),
      rewrite("reference written out", second, (text) => text.replace(`$${name}`, "/a")),
      rewrite("reference in single quotes", second, (text) => text.replace(/=(\$\S+)/, "='$1'")),
      rewrite("reference in double quotes", second, (text) => text.replace(/=(\$\S+)/, '="$1"')),
      insertLine("reference again", second, `ENV ${name}=$${name}`),
    ];
  }),
  shellFeature("ARG that a child stage inherits", (random, draft, stage) => {
    const name = `I${fresh(draft)}`;
    const arg = add(draft, stage, `ARG ${name}=parent`);
    const env = add(draft, stage, `ENV ${name}E=\${${name}}`);
    return [
      rewrite("inherited ARG", arg, `ARG ${name}=changed`),
      rewrite("inherited ENV written out", env, `ENV ${name}E=parent`),
      passed(name, random.pick(["parent", "given", ""])),
      rewrite("inherited ARG without a value", arg, `ARG ${name}`),
    ];
  }),
  shellFeature("global ARG used by another global ARG", (random, draft, stage) => {
    const name = `W${fresh(draft)}`;
    const first = add(draft, "globals", `ARG ${name}=1`);
    const second = add(draft, "globals", `ARG ${name}B=v$${name}`);
    const local = add(draft, stage, `ARG ${name}B`);
    add(draft, stage, `RUN echo "$${name}B" > /${name}`);
    return [
      rewrite("global that another is made from", first, `ARG ${name}=2`),
      rewrite("global written out", second, `ARG ${name}B=v1`),
      rewrite("global only used in the stage", local, `ARG ${name}\nARG ${name}B`),
      passed(name, random.pick(["1", "2"])),
      passed(`${name}B`, random.pick(["v1", "v3"])),
      insertLine("global given twice", second, `ARG ${name}=3`),
    ];
  }),
];
