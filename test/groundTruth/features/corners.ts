import { add, type Draft, fresh, insertLine, type Mutation, putFile, removeLine, rewrite } from "../draft.ts";
import { file } from "../state.ts";
import { type Feature, feature, folderKnown, shellFeature } from "./feature.ts";

function change(name: string, apply: (draft: Draft) => void): Mutation {
  return { name, apply };
}

function passed(argument: string, text: string): Mutation {
  return change(`build arg ${argument}=${text}`, (draft) => {
    draft.buildArgs[argument] = text;
  });
}

/** Build args that mean something to BuildKit itself. */
const special = [
  ["SOURCE_DATE_EPOCH", "1"],
  ["BUILDKIT_CACHE_MOUNT_NS", "ns"],
  ["BUILDKIT_CONTEXT_KEEP_GIT_DIR", "1"],
  ["BUILDKIT_INLINE_CACHE", "1"],
  ["BUILDKIT_SANDBOX_HOSTNAME", "host"],
  ["BUILDKIT_DOCKERFILE_CHECK", "skip=all"],
  ["BUILDKIT_SBOM_SCAN_STAGE", "true"],
  ["TARGETOS", "linux"],
  ["ALL_PROXY", "socks"],
] as const;

/** The PATH of a stage that nobody gave one. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Places where two rules meet. */
export const corners: Feature[] = [
  shellFeature("arguments that BuildKit reads itself", (random, draft, stage) => {
    const [name, text] = random.pick(special);
    add(draft, stage, "WORKDIR /special");
    const run = add(draft, stage, `RUN --mount=type=cache,target=/c${fresh(draft)} echo special > special`);
    return [
      passed(name, text),
      insertLine(`ARG ${name} declared`, run, `ARG ${name}`, "before"),
      insertLine(`ARG ${name} declared with a value`, run, `ARG ${name}=${text}`, "before"),
      change(`global ARG ${name}`, (changed) => void add(changed, "globals", `ARG ${name}=${text}`)),
      insertLine(`ENV ${name}`, run, `ENV ${name}=${text}`, "before"),
    ];
  }),
  feature("path through a symlink", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`real${n}/sub/in.txt`, file("in"));
    draft.files.set(`real${n}/other.txt`, file("other"));
    draft.files.set(`same${n}/sub/in.txt`, file("in"));
    draft.files.set(`way${n}`, { kind: "symlink", target: `real${n}` });
    draft.files.set(`deep${n}/up`, { kind: "symlink", target: `../way${n}/sub` });
    const source = random.pick([
      `way${n}/sub`,
      `way${n}/sub/in.txt`,
      `way${n}/*/in.txt`,
      `deep${n}/up/in.txt`,
      `deep${n}/up`,
      `deep${n}/*`,
      `w*${n}/sub`,
    ]);
    add(draft, stage, `COPY ${random.pick(["", "--parents "])}${source} /through${n}/`);
    return [
      putFile("file behind a way", `real${n}/sub/in.txt`, file("changed")),
      putFile("neighbour behind a way", `real${n}/other.txt`, file("changed")),
      putFile("file behind another way", `same${n}/sub/in.txt`, file("changed")),
      putFile("way retargeted to the same content", `way${n}`, { kind: "symlink", target: `same${n}` }),
      putFile("way spelled otherwise", `way${n}`, { kind: "symlink", target: `./real${n}/` }),
      putFile("second way retargeted", `deep${n}/up`, { kind: "symlink", target: `../real${n}/sub` }),
      putFile("second way made absolute", `deep${n}/up`, { kind: "symlink", target: `/way${n}/sub` }),
    ];
  }),
  shellFeature("mount through a symlink", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`real${n}/in.txt`, file("in"));
    draft.files.set(`same${n}/in.txt`, file("in"));
    draft.files.set(`way${n}`, { kind: "symlink", target: `real${n}` });
    draft.files.set(`inside${n}/way`, { kind: "symlink", target: `../real${n}/in.txt` });
    const source = random.pick([`way${n}`, `way${n}/in.txt`, `inside${n}`, `inside${n}/way`]);
    add(draft, stage, `RUN --mount=type=bind,source=${source},target=/m echo way > /way${n}`);
    return [
      putFile("file behind a mounted way", `real${n}/in.txt`, file("changed")),
      putFile("mounted way retargeted to the same content", `way${n}`, { kind: "symlink", target: `same${n}` }),
      putFile("way in a mounted folder retargeted", `inside${n}/way`, {
        kind: "symlink",
        target: `../same${n}/in.txt`,
      }),
      putFile("way in a mounted folder becomes the file", `inside${n}/way`, file("in")),
    ];
  }),
  feature("stages by number and by name", (random, draft, stage) => {
    const id = fresh(draft);
    const lines = [
      { id: fresh(draft), text: `COPY <<x /x\nnumber ${id}\nx` },
      { id: fresh(draft), text: "LABEL numbered=1" },
    ];
    draft.stages.unshift({ id, from: "scratch", name: `num${id}`, shell: false, lines });
    const here = random.pick([`num${id}`, `NUM${id}`, "0"]);
    const copy = add(draft, stage, `COPY --from=${here} /x /numbered${id}`);
    return [
      rewrite("stage by its name and not its number", copy, `COPY --from=num${id} /x /numbered${id}`),
      rewrite("stage by its number", copy, `COPY --from=0 /x /numbered${id}`),
      rewrite("stage by its name in capitals", copy, `COPY --from=NUM${id} /x /numbered${id}`),
      rewrite("content of a numbered stage", lines[0]?.id ?? 0, `COPY <<x /x\nanother ${id}\nx`),
      rewrite("name of a heredoc's file", lines[0]?.id ?? 0, `COPY <<y /x\nnumber ${id}\ny`),
      rewrite("heredoc written as JSON would not be", lines[0]?.id ?? 0, `COPY <<"x" /x\nnumber ${id}\nx`),
      rewrite("label of a numbered stage", lines[1]?.id ?? 0, "LABEL numbered=2"),
      change("stage of no use before a numbered one", (draft) => {
        const used = draft.stages.findIndex((one) => one.id === id);
        draft.stages.splice(used + 1, 0, {
          id: fresh(draft),
          from: "scratch",
          name: "useless",
          shell: false,
          lines: [],
        });
      }),
    ];
  }),
  feature("FROM with a platform", (random, _draft, stage) => {
    const from = stage.from;
    if (!from.startsWith("base")) return [];
    const forms = [
      from,
      `--platform=linux/amd64 ${from}`,
      `--platform=$TARGETPLATFORM ${from}`,
      `--platform=$BUILDPLATFORM ${from}`,
      `docker.io/library/${from}`,
      `library/${from}`,
    ];
    stage.from = random.pick(forms);
    return forms.map((form) =>
      change(`FROM written as ${form.replace(from, "NAME")}`, (draft) => {
        for (const one of draft.stages) if (one.id === stage.id) one.from = form;
      }),
    );
  }),
  feature("ONBUILD that reads the context", (random, draft, stage) => {
    const name = `onbuild${fresh(draft)}.txt`;
    draft.files.set(name, file("onbuild"));
    const line = add(
      draft,
      stage,
      random.pick([
        `ONBUILD COPY ${name} /onbuild`,
        `ONBUILD ADD ${name} /onbuild`,
        `ONBUILD ARG ON=1\nONBUILD COPY ${name} /on$ON`,
      ]),
    );
    return [
      putFile("file of an ONBUILD", name, file("changed")),
      rewrite("ONBUILD with blanks inside", line, (text) => text.replace(" /on", "   /on")),
      rewrite("ONBUILD with flags", line, (text) => text.replace("COPY ", "COPY --chmod=700 ")),
      rewrite("ONBUILD instruction in lower case", line, (text) => text.replace("COPY", "copy")),
      removeLine("ONBUILD of a file removed", line),
      passed("ON", "2"),
    ];
  }),
  feature("variables in flags and paths", (_random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`v${n}/one.txt`, file("one"));
    draft.files.set(`v${n}/two.txt`, file("two"));
    add(draft, stage, `ARG NAME${n}=one MODE${n}=644 OWNER${n}=1`);
    const copy = add(
      draft,
      stage,
      `COPY --chmod=$MODE${n} --chown=\${OWNER${n}}:2 v${n}/\${NAME${n}}.txt /v${n}/$NAME${n}`,
    );
    return [
      passed(`NAME${n}`, "two"),
      passed(`NAME${n}`, "one"),
      passed(`MODE${n}`, "0644"),
      passed(`OWNER${n}`, "3"),
      putFile("file that a variable names", `v${n}/one.txt`, file("changed")),
      putFile("file that a variable may name", `v${n}/two.txt`, file("changed")),
      rewrite("variables written out", copy, `COPY --chmod=644 --chown=1:2 v${n}/one.txt /v${n}/one`),
      rewrite("variable with a default that is not used", copy, (text) =>
        text.replace(`\${NAME${n}}`, `\${NAME${n}:-two}`),
      ),
    ];
  }),
  feature("same content twice", (_random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`twin${n}/a`, file("twin"));
    draft.files.set(`twin${n}/b`, file("twin"));
    const first = add(draft, stage, `COPY twin${n}/a /twins/`);
    const second = add(draft, stage, `COPY twin${n}/b /twins/`);
    return [
      rewrite("one twin for the other", first, `COPY twin${n}/b /twins/`),
      rewrite("twins in one instruction", second, `COPY twin${n}/a twin${n}/b /twins/`),
      rewrite("twins' folder", first, `COPY twin${n} /twins/`),
      putFile("a third twin", `twin${n}/c`, file("twin")),
      change("twins exchanged", (draft) => {
        rewrite("", first, `COPY twin${n}/b /twins/`).apply(draft);
        rewrite("", second, `COPY twin${n}/a /twins/`).apply(draft);
      }),
    ];
  }),
  shellFeature("steps without a change of files", (_random, draft, stage) => {
    const run = add(draft, stage, "RUN true");
    return [
      rewrite("RUN true as a builtin", run, "RUN :"),
      insertLine("RUN true twice", run, "RUN true"),
      insertLine("ARG between", run, "ARG BETWEEN=1"),
      insertLine("USER 0 said", run, "USER 0", "before"),
      // What a base image's PATH is, its digest does not tell.
      ...(stage.from === "scratch" ? [insertLine("PATH said", run, `ENV PATH=${defaultPath}`, "before")] : []),
      insertLine("PATH extended", run, "ENV PATH=/opt/bin:$PATH", "before"),
      insertLine("HOME said", run, "ENV HOME=/root", "before"),
    ];
  }),
  feature("COPY into the place of a file or folder", (random, draft, stage) => {
    if (!folderKnown(stage)) add(draft, stage, "WORKDIR /");
    const n = fresh(draft);
    draft.files.set(`place${n}/f`, file("f"));
    const source = random.pick([`place${n}`, `place${n}/f`]);
    const copy = add(
      draft,
      stage,
      `COPY ${source} ${random.pick([".", "./", "/", "/p", "/p/", "/p/.", "//p", "/p/../q"])}`,
    );
    return ["/p", "/p/", "/p/.", "//p", "/q", "/p/../q", "/"].map((place) =>
      rewrite(`place ${place}`, copy, `COPY ${source} ${place}`),
    );
  }),
];
