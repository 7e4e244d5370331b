import { add, fresh, moveFile, putFile, removeLine, rewrite } from "../draft.ts";
import { file } from "../state.ts";
import { type Feature, feature, folderKnown } from "./feature.ts";

/** Names that are easily mistaken for something else by a pattern, a shell or a path function. */
const oddNames = [
  "a b.txt",
  "torch-2.6.0+cu124.whl",
  "é.txt",
  "e\u0301.txt",
  ".hidden",
  "..twodots",
  "日本.txt",
  "#hash",
  "it's",
  "a!b",
  "comma,x",
  "100%",
  "tilde~",
  "(x)",
  "{y}",
  "a=b",
  "-dash",
  "x@y",
  "end.",
];

/** COPY of files and folders, by name and by wildcard, with its flags. */
export const copies: Feature[] = [
  feature("COPY of a file", (random, draft, stage) => {
    const n = fresh(draft);
    const source = random.pick([`file${n}.txt`, `deep${n}/er/file.txt`]);
    draft.files.set(source, file("content", random.pick([0o644, 0o755])));
    draft.files.set(`near${n}.txt`, file("near"));
    const flag = random.pick(["", "--link ", "--chmod=755 ", "--chown=1:2 ", "--chmod=u+x "]);
    const copy = add(draft, stage, `COPY ${flag}${source} /copied${n}`);
    return [
      putFile("content of a copied file", source, file("contents")),
      putFile(
        "exec bit of a copied file",
        source,
        file("content", draft.files.get(source)?.kind === "file" ? 0o755 : 0o644),
      ),
      putFile("exec bit taken", source, file("content", 0o644)),
      putFile("group's write bit", source, file("content", 0o664)),
      putFile("time of a copied file", source, { kind: "file", content: "content", modified: 1e9 }),
      putFile("content of a file that nobody copies", `near${n}.txt`, file("far")),
      putFile("new file that nobody copies", `new${n}.txt`, file("new")),
      {
        name: "copied file replaced by a link to the same content",
        apply(changed) {
          changed.files.set(`real${n}`, draft.files.get(source) ?? file(""));
          changed.files.set(source, {
            kind: "symlink",
            target: `${"../".repeat(source.split("/").length - 1)}real${n}`,
          });
        },
      },
      {
        name: "copied file and its COPY renamed",
        apply(changed) {
          moveFile("", source, `moved${n}.txt`).apply(changed);
          rewrite("", copy, `COPY ${flag}moved${n}.txt /copied${n}`).apply(changed);
        },
      },
      {
        name: "copied file moved to another folder of the same name",
        apply(changed) {
          const base = source.split("/").at(-1) ?? "";
          moveFile("", source, `other${n}/${base}`).apply(changed);
          rewrite("", copy, `COPY ${flag}other${n}/${base} /copied${n}`).apply(changed);
        },
      },
      rewrite("./ before a source", copy, `COPY ${flag}./${source} /copied${n}`),
      rewrite("/ before a source", copy, `COPY ${flag}/${source} /copied${n}`),
      rewrite("COPY as JSON", copy, `COPY ${flag}["${source}", "/copied${n}"]`),
      rewrite("COPY becomes ADD", copy, `ADD ${flag}${source} /copied${n}`),
      rewrite("destination", copy, `COPY ${flag}${source} /copied${n}x`),
      rewrite("destination is a folder", copy, `COPY ${flag}${source} /copied${n}/`),
      ...(folderKnown(stage)
        ? [rewrite("destination without its slash", copy, `COPY ${flag}${source} copied${n}`)]
        : []),
      rewrite("quoted source", copy, `COPY ${flag}"${source}" /copied${n}`),
      rewrite("source through a variable", copy, `ARG SOURCE${n}=${source}\nCOPY ${flag}$SOURCE${n} /copied${n}`),
      removeLine("COPY removed", copy),
    ];
  }),
  feature("flags of COPY", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`flag${n}.txt`, file("flags"));
    const flags = [
      "--chmod=644",
      "--chmod=0644",
      "--chmod=0755",
      "--chown=1",
      "--chown=1:1",
      "--chown=0:0",
      "--link",
      "--link=false",
      "--link=true",
      "--chown=1 --chmod=600",
      "--chmod=600 --chown=1",
      "--chmod=u=rw,go=r",
      "",
    ];
    const text = (flag: string) => `COPY ${flag} flag${n}.txt /flags${n}`;
    const copy = add(draft, stage, text(random.pick(flags)));
    return flags.slice(0, 12).map((flag) => rewrite(`flags of COPY: ${flag}`, copy, text(flag)));
  }),
  feature("COPY of a folder", (random, draft, stage) => {
    const folder = `folder${fresh(draft)}`;
    draft.files.set(`${folder}/one.txt`, file("one"));
    draft.files.set(`${folder}/sub/two.txt`, file("two"));
    draft.files.set(`${folder}/link`, { kind: "symlink", target: "one.txt" });
    draft.files.set(`${folder}/dangling`, { kind: "symlink", target: "nowhere" });
    draft.files.set(`${folder}/linked`, { kind: "symlink", target: "sub" });
    const copy = add(
      draft,
      stage,
      `COPY ${random.pick(["", "--link "])}${folder}${random.pick(["", "/", "/."])} /${folder}/`,
    );
    return [
      putFile("content in a copied folder", `${folder}/sub/two.txt`, file("zwei")),
      putFile("new file in a copied folder", `${folder}/three.txt`, file("three")),
      putFile("file of a copied folder removed", `${folder}/one.txt`, undefined),
      putFile("exec bit in a copied folder", `${folder}/one.txt`, file("one", 0o755)),
      putFile("time in a copied folder", `${folder}/one.txt`, { kind: "file", content: "one", modified: 5e8 }),
      putFile("empty folder in a copied folder", `${folder}/empty`, { kind: "folder" }),
      putFile("symlink retargeted", `${folder}/link`, { kind: "symlink", target: "sub/two.txt" }),
      putFile("symlink retargeted to the same file", `${folder}/link`, { kind: "symlink", target: "./one.txt" }),
      putFile("symlink becomes the file", `${folder}/link`, file("one")),
      putFile("dangling symlink retargeted", `${folder}/dangling`, { kind: "symlink", target: "elsewhere" }),
      putFile("symlink to a folder retargeted", `${folder}/linked`, { kind: "symlink", target: "../" }),
      putFile("target of a symlink changed", `${folder}/one.txt`, file("uno")),
      moveFile("file renamed in a copied folder", `${folder}/one.txt`, `${folder}/one.md`),
      moveFile("file moved within a copied folder", `${folder}/one.txt`, `${folder}/sub/one.txt`),
      moveFile("folder renamed in a copied folder", `${folder}/sub`, `${folder}/bus`),
      putFile("odd name in a copied folder", `${folder}/${random.pick(oddNames)}`, file("odd")),
      putFile("new file beside a copied folder", `${folder}x/one.txt`, file("beside")),
      rewrite("slash behind a copied folder", copy, (text) => text.replace(/(folder\d+)\/? /, "$1/ ")),
      {
        name: "copied folder and its COPY renamed",
        apply(changed) {
          moveFile("", folder, `renamed-${folder}`).apply(changed);
          rewrite("", copy, (text) => text.replace(` ${folder}`, ` renamed-${folder}`)).apply(changed);
        },
      },
    ];
  }),
  feature("COPY of a symlink", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`target${n}/in.txt`, file("in"));
    draft.files.set(`other${n}/in.txt`, file("in"));
    draft.files.set(`other${n}/more.txt`, file("more"));
    const link = random.pick([`target${n}`, `target${n}/in.txt`]);
    draft.files.set(`link${n}`, { kind: "symlink", target: link });
    add(draft, stage, `COPY ${random.pick([`link${n}`, `link${n}*`])} /linked${n}/`);
    return [
      putFile("file behind a copied symlink", `target${n}/in.txt`, file("changed")),
      putFile("new file behind a copied symlink", `target${n}/new.txt`, file("new")),
      putFile("file behind another target", `other${n}/in.txt`, file("changed")),
      putFile("copied symlink retargeted", `link${n}`, { kind: "symlink", target: link.replace("target", "other") }),
      putFile("copied symlink spelled otherwise", `link${n}`, { kind: "symlink", target: `./${link}` }),
      putFile("copied symlink made absolute", `link${n}`, { kind: "symlink", target: `/${link}` }),
      {
        name: "copied symlink through another",
        apply(changed) {
          changed.files.set(`hop${n}`, { kind: "symlink", target: link });
          changed.files.set(`link${n}`, { kind: "symlink", target: `hop${n}` });
        },
      },
    ];
  }),
  feature("COPY by wildcard", (random, draft, stage) => {
    const folder = `wild${fresh(draft)}`;
    draft.files.set(`${folder}/a1.txt`, file("a1"));
    draft.files.set(`${folder}/a2.txt`, file("a2"));
    draft.files.set(`${folder}/b.md`, file("b"));
    draft.files.set(`${folder}/.a0.txt`, file("dot"));
    draft.files.set(`${folder}/in/a3.txt`, file("a3"));
    const pattern = random.pick([
      "*.txt",
      "a?.txt",
      "a[1-2].txt",
      "a[^9].txt",
      "*",
      "?*.txt",
      "a*",
      "[a-b]*",
      "*/*.txt",
    ]);
    const copy = add(draft, stage, `COPY ${folder}/${pattern} /${folder}/`);
    return [
      putFile("content of a matched file", `${folder}/a1.txt`, file("changed")),
      putFile("content of a file that may match", `${folder}/b.md`, file("changed")),
      putFile("content of a file with a dot", `${folder}/.a0.txt`, file("changed")),
      putFile("content below a folder that may match", `${folder}/in/a3.txt`, file("changed")),
      putFile("new file that may match", `${folder}/a9.txt`, file("new")),
      putFile("new file that hardly matches", `${folder}/zz.zip`, file("new")),
      putFile("exec bit of a matched file", `${folder}/a1.txt`, file("a1", 0o755)),
      moveFile("matched file renamed", `${folder}/a1.txt`, `${folder}/a4.txt`),
      moveFile("matched file renamed in order", `${folder}/a2.txt`, `${folder}/a5.txt`),
      {
        name: "matched file replaced by a link to its content",
        apply(changed) {
          changed.files.set(`real-${folder}`, file("a1"));
          changed.files.set(`${folder}/a1.txt`, { kind: "symlink", target: `../real-${folder}` });
        },
      },
      putFile("empty folder that may match", `${folder}/a8.txt`, { kind: "folder" }),
      rewrite("another pattern", copy, `COPY ${folder}/*.txt /${folder}/`),
    ];
  }),
  feature("COPY of several sources", (random, draft, stage) => {
    const n = fresh(draft);
    for (const name of ["x", "y", "z"]) draft.files.set(`${name}${n}.txt`, file(name));
    draft.files.set(`dir${n}/x${n}.txt`, file("x"));
    const text = `COPY x${n}.txt y${n}.txt ${random.pick(["none*", `z${n}.*`, `dir${n}`])} /several${n}/`;
    const copy = add(draft, stage, text);
    return [
      rewrite("order of the sources", copy, text.replace(/x(\d+).txt y\d+.txt/, "y$1.txt x$1.txt")),
      putFile("first of the sources", `x${n}.txt`, file("xx")),
      putFile("file that a wildcard may match", `z${n}.txt`, file("zz")),
      putFile("new file that a wildcard may match", "none.txt", file("some")),
      rewrite("blanks between the sources", copy, text.replaceAll(" ", "  ")),
      rewrite("sources on lines of their own", copy, text.replaceAll(" ", " \\\n  ")),
      rewrite("a source fewer", copy, text.replace(` y${n}.txt`, "")),
      rewrite("a source twice", copy, text.replace("COPY ", `COPY y${n}.txt `)),
    ];
  }),
  feature("COPY --exclude", (random, draft, stage) => {
    const folder = `excluded${fresh(draft)}`;
    for (const name of ["keep.txt", "drop.log", "sub/drop.log", "sub/keep.txt", "!odd"])
      draft.files.set(`${folder}/${name}`, file(name));
    const patterns = ["*.log", "**/*.log", "sub", "sub/*", "none*", "**", "sub/drop.log", "/drop.log", "./drop.log"];
    const text = (pattern: string) => `COPY --exclude=${pattern} ${folder} /${folder}/`;
    const copy = add(draft, stage, text(random.pick(patterns)));
    return [
      putFile("file that may be excluded", `${folder}/drop.log`, file("changed")),
      putFile("deep file that may be excluded", `${folder}/sub/drop.log`, file("changed")),
      putFile("file that is kept beside excluded ones", `${folder}/keep.txt`, file("changed")),
      putFile("new file that may be excluded", `${folder}/new.log`, file("new")),
      rewrite("pattern of --exclude", copy, text(random.pick(patterns))),
      rewrite("second --exclude", copy, (line) => line.replace("COPY ", "COPY --exclude=nothing ")),
      rewrite("negated --exclude", copy, (line) =>
        line.replace("COPY ", "COPY --exclude=**/*.log --exclude=!sub/drop.log "),
      ),
      putFile("empty folder beside --exclude", `${folder}/empty`, { kind: "folder" }),
    ];
  }),
  feature("COPY --parents", (random, draft, stage) => {
    const folder = `parents${fresh(draft)}`;
    for (const name of ["a/b/one.txt", "a/b/two.md", "a/c/three.txt", "top.txt"])
      draft.files.set(`${folder}/${name}`, file(name));
    draft.files.set(`${folder}/a/link.txt`, { kind: "symlink", target: "c/three.txt" });
    const sources = [
      "a/b/one.txt",
      "a/**/*.txt",
      "./a/b/one.txt",
      "a/./b/one.txt",
      "a/*/one.txt",
      "a",
      "a/./**/*.txt",
      "**/*.txt",
      "a/*.txt",
    ];
    const text = (source: string) => `COPY --parents ${folder}/${source} /${folder}/`;
    const copy = add(draft, stage, text(random.pick(sources)));
    return [
      putFile("file under --parents", `${folder}/a/b/one.txt`, file("changed")),
      putFile("other file under --parents", `${folder}/a/c/three.txt`, file("changed")),
      putFile("file that --parents hardly matches", `${folder}/a/b/two.md`, file("changed")),
      putFile("symlink under --parents", `${folder}/a/link.txt`, { kind: "symlink", target: "b/one.txt" }),
      putFile("new file under --parents", `${folder}/a/c/new.txt`, file("new")),
      putFile("empty folder under --parents", `${folder}/a/empty`, { kind: "folder" }),
      rewrite("source of --parents", copy, text(random.pick(sources))),
      rewrite("--parents taken away", copy, (line) => line.replace("--parents ", "")),
    ];
  }),
  feature("COPY of an odd name", (random, draft, stage) => {
    const n = fresh(draft);
    const name = random.pick(oddNames);
    draft.files.set(`odd${n}/${name}`, file("odd"));
    draft.files.set(`odd${n}/[x].txt`, file("brackets"));
    draft.files.set(`odd${n}/x.txt`, file("plain"));
    const text = random.pick([
      `COPY ["odd${n}/${name}", "/odd${n}/"]`,
      `COPY odd${n}/[[]x].txt /odd${n}/`,
      `COPY odd${n}/\\[x].txt /odd${n}/`,
      `COPY odd${n}/[x].txt /odd${n}/`,
    ]);
    add(draft, stage, text);
    return [
      putFile("content behind an odd name", `odd${n}/${name}`, file("even")),
      putFile("content of a name in brackets", `odd${n}/[x].txt`, file("changed")),
      putFile("content of a name that brackets may match", `odd${n}/x.txt`, file("changed")),
      putFile("neighbour of an odd name", `odd${n}/${name}.bak`, file("changed")),
    ];
  }),
  feature("COPY of everything", (random, draft, stage) => {
    const n = fresh(draft);
    draft.files.set(`all${n}.txt`, file("all"));
    const copy = add(draft, stage, `COPY ${random.pick([".", "./", "/", "./."])} /all${n}/`);
    return [
      putFile("file when everything is copied", `all${n}.txt`, file("changed")),
      putFile("new file when everything is copied", `${random.pick(oddNames)}${n}`, file("new")),
      putFile("empty folder when everything is copied", `nothing${n}`, { kind: "folder" }),
      { name: "comment when everything is copied", apply: (changed) => void changed.head.push("# a comment") },
      rewrite("dot when everything is copied", copy, `COPY . /all${n}/`),
      putFile(
        "ignore file that ignores nothing, when everything is copied",
        ".dockerignore",
        file("nothing-of-this-name\n"),
      ),
    ];
  }),
];
