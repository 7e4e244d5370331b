import { add, type Draft, fresh, type Mutation, putFile, rewrite } from "../draft.ts";
import { file } from "../state.ts";
import { type Feature, feature, shellFeature } from "./feature.ts";

function change(name: string, apply: (draft: Draft) => void): Mutation {
  return { name, apply };
}

/** A stage before this one: it must stand before every stage that names it. */
function addStage(draft: Draft, from: string, lines: readonly string[]): string {
  const id = fresh(draft);
  const name = `side${id}`;
  draft.stages.unshift({ id, from, name, shell: false, lines: lines.map((text) => ({ id: fresh(draft), text })) });
  return name;
}

function editStage(draft: Draft, name: string, edit: (text: string) => string): void {
  for (const stage of draft.stages)
    if (stage.name === name) for (const line of stage.lines) line.text = edit(line.text);
}

/** COPY --from, heredocs, ADD: what comes from elsewhere than a plain file of the context. */
export const sources: Feature[] = [
  shellFeature("COPY --from a stage", (random, draft, stage) => {
    const input = `input${fresh(draft)}`;
    draft.files.set(`${input}/used`, file("used"));
    draft.files.set(`${input}/unused`, file("unused"));
    const name = addStage(draft, "base:1", [
      "WORKDIR /",
      `COPY ${input}/used /out/used`,
      "ENV SIDE=1",
      "ARG SIDEARG=1",
      "RUN echo side > /out/run",
      `COPY ${input}/unused /unused`,
      "LABEL side=1",
      "ENV AFTER=1",
      "CMD side",
    ]);
    const from = random.chance(0.3) ? name.toUpperCase() : name;
    const copy = add(
      draft,
      stage,
      `COPY --from=${from} ${random.pick(["/out", "/out/run", "/out/", "out/*", "/out/u?ed"])} /from-${name}/`,
    );
    const edit = (what: string, before: string, after: string) =>
      change(what, (changed) => editStage(changed, name, (text) => (text === before ? after : text)));
    return [
      putFile("file that a side stage hands on", `${input}/used`, file("changed")),
      putFile("file that a side stage keeps", `${input}/unused`, file("changed")),
      edit("label of a side stage", "LABEL side=1", "LABEL side=2"),
      edit("late ENV of a side stage", "ENV AFTER=1", "ENV AFTER=2"),
      edit("command of a side stage", "CMD side", "CMD aside"),
      edit("early ENV of a side stage", "ENV SIDE=1", "ENV SIDE=2"),
      edit("ENV of a side stage as ARG", "ENV SIDE=1", "ARG SIDE=1"),
      edit("default in a side stage", "ARG SIDEARG=1", "ARG SIDEARG=2"),
      edit("unused value-less argument in a side stage", "ARG SIDEARG=1", "ARG SIDEARG=1 NOVALUE"),
      edit("RUN of a side stage", "RUN echo side > /out/run", "RUN echo  side > /out/run"),
      edit("quotes in a side stage", "ENV SIDE=1", 'ENV SIDE="1"'),
      edit("early label in a side stage", "ENV SIDE=1", "LABEL early=1\nENV SIDE=1"),
      edit("early EXPOSE in a side stage", "ENV SIDE=1", "EXPOSE 1\nENV SIDE=1"),
      edit("source of a side stage with a dot", `COPY ${input}/used /out/used`, `COPY ./${input}/used /out/used`),
      edit(
        "destination of a side stage through WORKDIR",
        `COPY ${input}/used /out/used`,
        `COPY ${input}/used out/used`,
      ),
      edit("order of variables in a side stage", "ENV SIDE=1", "ENV SIDE=0\nENV SIDE=1"),
      rewrite("case of a stage's name", copy, (text) => text.replace(from, from === name ? name.toUpperCase() : name)),
      rewrite("slash before the source of COPY --from", copy, (text) => text.replace(" /out", " out")),
      rewrite("order of the flags of COPY --from", copy, (text) => text.replace("COPY ", "COPY --link ")),
      change("stage renamed", (changed) => {
        for (const one of changed.stages) {
          if (one.name === name) one.name = `re${name}`;
          for (const line of one.lines) line.text = line.text.replace(`--from=${from} `, `--from=re${name} `);
        }
      }),
      change("base of a side stage", (changed) => {
        for (const one of changed.stages) if (one.name === name) one.from = "base:2";
      }),
      change("side stage on another stage", (changed) => {
        changed.stages.unshift({ id: fresh(changed), from: "base:1", name: `under${name}`, shell: true, lines: [] });
        for (const one of changed.stages) if (one.name === name) one.from = `under${name}`;
      }),
    ];
  }),
  feature("COPY --from an image", (random, draft, stage) => {
    const copy = add(
      draft,
      stage,
      `COPY --from=files:1 ${random.pick(["/files/one", "/files", "files/*"])} /image${fresh(draft)}/`,
    );
    return [
      rewrite("path in an image", copy, (text) => text.replace(/ \/?files\S* /, " /files/two ")),
      rewrite("image written out", copy, (text) => text.replace("files:1", "docker.io/library/files:1")),
      rewrite("another image", copy, (text) => text.replace(/files:1 \S+/, "base:1 /bin/sh")),
    ];
  }),
  shellFeature("stage that is only mounted", (random, draft, stage) => {
    const input = `mounted${fresh(draft)}`;
    draft.files.set(`${input}/one`, file("one"));
    draft.files.set(`${input}/two`, file("two"));
    const name = addStage(draft, "scratch", [`COPY ${input} /in`, "LABEL mounted=1"]);
    const run = add(
      draft,
      stage,
      `RUN --mount=type=bind,from=${name},target=/m${random.pick(["", ",source=/in/one", ",source=in"])} echo > /m-${name}`,
    );
    return [
      putFile("file of a mounted stage", `${input}/one`, file("changed")),
      putFile("other file of a mounted stage", `${input}/two`, file("changed")),
      change("label of a mounted stage", (changed) =>
        editStage(changed, name, (text) => text.replace("mounted=1", "mounted=2")),
      ),
      change("destination in a mounted stage", (changed) =>
        editStage(changed, name, (text) => text.replace("/in", "/in2 ")),
      ),
      rewrite("mounted stage by its number", run, (text) => text.replace(`from=${name}`, "from=files:1")),
      rewrite("order of words in a mount", run, (text) =>
        text.replace(`type=bind,from=${name}`, `from=${name},type=bind`),
      ),
      rewrite("source of a mounted stage", run, (text) => text.replace(/,source=\S+|(?= echo)/, ",source=in/two")),
    ];
  }),
  feature("unused stage", (random, draft) => {
    const input = `unused${fresh(draft)}`;
    draft.files.set(input, file("unused"));
    const name = addStage(draft, random.pick(["base:1", "scratch", "base:2"]), [
      `COPY ${input} /unused`,
      "ENV UNUSED=1",
    ]);
    return [
      putFile("file of an unused stage", input, file("changed")),
      change("ENV of an unused stage", (changed) =>
        editStage(changed, name, (text) => text.replace("UNUSED=1", "UNUSED=2")),
      ),
      change("base of an unused stage", (changed) => {
        for (const one of changed.stages) if (one.name === name) one.from = "files:1";
      }),
      change("unused stage removed", (changed) => {
        changed.stages = changed.stages.filter((one) => one.name !== name);
      }),
      change("another unused stage", (changed) => void addStage(changed, "base:1", ["ENV MORE=1"])),
      change("step that fails in an unused stage", (changed) =>
        editStage(changed, name, (text) => `${text}\nCOPY no-such-file /x`),
      ),
    ];
  }),
  feature("COPY heredoc", (random, draft, stage) => {
    const n = fresh(draft);
    const form = random.pick(["<<EOF", "<<'EOF'", '<<"EOF"', "<<-EOF"]);
    const variable = random.pick(["$HEREDOC", "plain", "\\$HEREDOC", "${HEREDOC:-x}"]);
    add(draft, stage, "ARG HEREDOC=filled");
    const copy = add(draft, stage, `COPY ${form} /heredoc${n}\n\tone ${variable}\ntwo\nEOF`);
    return [
      rewrite("line of a COPY heredoc", copy, (text) => text.replace("two", "zwei")),
      rewrite("quotes of a COPY heredoc", copy, (text) => text.replace(/<<\S+/, '<<"EOF"')),
      rewrite("other quotes of a COPY heredoc", copy, (text) => text.replace(/<<\S+/, "<<'EOF'")),
      rewrite("dash of a COPY heredoc", copy, (text) => text.replace(/<<\S+/, "<<-EOF")),
      rewrite("no quotes at a COPY heredoc", copy, (text) => text.replace(/<<\S+/, "<<EOF")),
      rewrite("name of a COPY heredoc", copy, (text) => text.replaceAll("EOF", "END")),
      rewrite("variable of a COPY heredoc written out", copy, (text) =>
        text.replace("${HEREDOC:-x}", "filled").replace("$HEREDOC", "filled"),
      ),
      change("value in a COPY heredoc", (changed) => {
        changed.buildArgs.HEREDOC = "given";
      }),
      rewrite("comment in a COPY heredoc", copy, (text) => text.replace("two", "# two")),
    ];
  }),
  feature("COPY of two heredocs", (_random, draft, stage) => {
    const n = fresh(draft);
    const copy = add(draft, stage, `COPY <<one.txt <<two.txt /docs${n}/\n1\none.txt\n2\ntwo.txt`);
    return [
      rewrite("first of two COPY heredocs", copy, (text) => text.replace("\n1", "\n11")),
      rewrite("name of one of two COPY heredocs", copy, (text) => text.replaceAll("two.txt", "2.txt")),
      rewrite("quotes of one of two COPY heredocs", copy, (text) => text.replace("<<two.txt", "<<'two.txt'")),
      rewrite("order of two COPY heredocs", copy, `COPY <<two.txt <<one.txt /docs${n}/\n2\ntwo.txt\n1\none.txt`),
    ];
  }),
  feature("ADD of an archive", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`archive${n}.tar`, file(tar("inside.txt", "inside")));
    draft.files.set(`plain${n}.tar`, file("no archive"));
    const source = random.pick([`archive${n}.tar`, `plain${n}.tar`, `archive${n}.*`]);
    const line = add(draft, stage, `ADD ${source} /added${n}/`);
    return [
      putFile("content of an archive", `archive${n}.tar`, file(tar("inside.txt", "changed"))),
      putFile("name in an archive", `archive${n}.tar`, file(tar("other.txt", "inside"))),
      putFile("file that looks like an archive", `plain${n}.tar`, file("still no archive")),
      rewrite("ADD becomes COPY", line, (text) => text.replace("ADD", "COPY")),
      rewrite("ADD without unpacking", line, (text) => text.replace("ADD ", "ADD --unpack=false ")),
      rewrite("ADD with unpacking said", line, (text) => text.replace("ADD ", "ADD --unpack=true ")),
    ];
  }),
];

/** An uncompressed archive of one file. */
function tar(name: string, content: string): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, "0")}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(content.length, 12) + octal(0, 12), 100);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  header.write(
    `${octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    )} `,
    148,
  );
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc(512 - (content.length % 512)), Buffer.alloc(1024)]);
}
