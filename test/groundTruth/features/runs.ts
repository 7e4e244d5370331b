import { add, fresh, insertLine, type Mutation, moveFile, putFile, removeLine, rewrite } from "../draft.ts";
import { file } from "../state.ts";
import { type Feature, shellFeature } from "./feature.ts";

/** RUN in all its forms, its heredocs and its mounts. */
export const runs: Feature[] = [
  shellFeature("RUN", (random, draft, stage) => {
    const n = fresh(draft);
    const run = add(draft, stage, `RUN echo ${random.word()} > /run${n}`);
    return [
      rewrite("RUN text", run, `RUN echo other > /run${n}`),
      rewrite("RUN with two blanks inside", run, (text) => text.replace("echo ", "echo  ")),
      rewrite("RUN with two blanks behind the keyword", run, (text) => text.replace("RUN ", "RUN  ")),
      rewrite("RUN with a tab behind the keyword", run, (text) => text.replace("RUN ", "RUN\t")),
      rewrite("RUN with blanks behind", run, (text) => `${text}  `),
      rewrite("RUN with an option", run, (text) => text.replace("RUN ", "RUN --network=none ")),
      rewrite("RUN with the default network", run, (text) => text.replace("RUN ", "RUN --network=default ")),
      rewrite("RUN as JSON", run, (text) => `RUN ["/bin/sh", "-c", "${text.slice(4)}"]`),
      removeLine("RUN removed", run),
      insertLine("RUN repeated", run, "RUN :"),
      rewrite("RUN with a shell comment", run, (text) => `${text} # note`),
    ];
  }),
  shellFeature("RUN as JSON", (_random, draft, stage) => {
    const n = fresh(draft);
    const run = add(draft, stage, `RUN ["/bin/sh", "-c", "echo json > /json${n}"]`);
    return [
      rewrite("RUN as JSON, closer", run, `RUN ["/bin/sh","-c","echo json > /json${n}"]`),
      rewrite("RUN as JSON, in lines", run, `RUN ["/bin/sh", \\\n  "-c", "echo json > /json${n}"]`),
      rewrite("RUN as JSON, escaped", run, `RUN ["/bin/sh", "-c", "echo js\\u006fn > /json${n}"]`),
      rewrite("RUN as JSON, argument", run, `RUN ["/bin/sh", "-c", "echo jason > /json${n}"]`),
      rewrite("RUN from JSON to shell", run, `RUN echo json > /json${n}`),
    ];
  }),
  shellFeature("RUN over several lines", (_random, draft, stage) => {
    const n = fresh(draft);
    const run = add(
      draft,
      stage,
      `RUN echo one > /many${n} && \\\n    echo two >> /many${n} && \\\n    echo three >> /many${n}`,
    );
    return [
      rewrite("indentation of a continuation line", run, (text) => text.replace("\n    echo two", "\n  echo two")),
      rewrite("blanks behind a backslash", run, (text) => text.replace("\\\n", "\\  \n")),
      rewrite("blanks before a backslash", run, (text) => text.replace(" \\\n", "   \\\n")),
      rewrite("comment between continuation lines", run, (text) => text.replace("\\\n", "\\\n# why\n")),
      rewrite("indented comment between continuation lines", run, (text) => text.replace("\\\n", "\\\n    # why\n")),
      rewrite("empty line between continuation lines", run, (text) => text.replace("\\\n", "\\\n\n")),
      rewrite("continuation joined", run, (text) => text.replace("\\\n    ", "")),
      rewrite("continuation joined with its blanks", run, (text) => text.replace("\\\n", "")),
      rewrite("word of a continuation line", run, (text) => text.replace("three", "four")),
      rewrite("continuation within a word", run, (text) => text.replace("three", "th\\\nree")),
      rewrite("two backslashes", run, (text) => text.replace("one", "o\\\\ne")),
    ];
  }),
  shellFeature("RUN heredoc", (random, draft, stage) => {
    const n = fresh(draft);
    const body = `echo one > /here${n}\necho "two $HOME" >> /here${n}`;
    const form = random.pick(["<<EOF", "<<'EOF'", '<<"EOF"', "<<-EOF"]);
    const run = add(draft, stage, `RUN ${form}\n${body}\nEOF`);
    return [
      rewrite("delimiter of a heredoc", run, `RUN <<END\n${body}\nEND`),
      rewrite("quotes of a heredoc", run, `RUN <<"EOF"\n${body}\nEOF`),
      rewrite("dash of a heredoc", run, `RUN <<-EOF\n${body}\nEOF`),
      rewrite("tab in a heredoc with a dash", run, `RUN <<-EOF\n\t${body.replace("\n", "\n\t")}\nEOF`),
      rewrite("tab in a heredoc", run, `RUN <<EOF\n\t${body}\nEOF`),
      rewrite("line of a heredoc", run, (text) => text.replace("one", "uno")),
      rewrite("comment in a heredoc", run, (text) => text.replace("\n", "\n# note\n")),
      rewrite("empty line in a heredoc", run, (text) => text.replace("\n", "\n\n")),
      rewrite("blanks behind a line of a heredoc", run, (text) => text.replace("one", "one ")),
      rewrite("first line of a heredoc is a program", run, (text) => text.replace("\n", "\n#!/bin/sh\n")),
      rewrite("heredoc with a blank before its name", run, `RUN << EOF\n${body}\nEOF`),
      insertLine("comment behind a heredoc", run, "# behind"),
    ];
  }),
  shellFeature("RUN heredoc with a command", (random, draft, stage) => {
    const n = fresh(draft);
    const run = add(
      draft,
      stage,
      `RUN cat=/here${n}; while read line; do echo "$line"; done <<EOF > $cat\none $HOME\ntwo\nEOF`,
    );
    return [
      rewrite("delimiter of a heredoc for a command", run, (text) => text.replaceAll("EOF", "END")),
      rewrite("quotes of a heredoc for a command", run, (text) => text.replace("<<EOF", "<<'EOF'")),
      rewrite("dash of a heredoc for a command", run, (text) => text.replace("<<EOF", "<<-EOF")),
      rewrite("line of a heredoc for a command", run, (text) => text.replace("two", random.word())),
      rewrite("tab in a heredoc for a command", run, (text) =>
        text.replace("<<EOF", "<<-EOF").replace("\ntwo", "\n\ttwo"),
      ),
    ];
  }),
  shellFeature("RUN with two heredocs", (_random, draft, stage) => {
    const n = fresh(draft);
    const run = add(draft, stage, `RUN read a <<A && read b <<B && echo "$a$b" > /two${n}\nfirst\nA\nsecond\nB`);
    return [
      rewrite("second of two heredocs", run, (text) => text.replace("second", "third")),
      rewrite("name of one of two heredocs", run, (text) => text.replace("<<B", "<<C").replace(/B$/, "C")),
    ];
  }),
  shellFeature("RUN with a bind mount", (random, draft, stage) => {
    const folder = `bind${fresh(draft)}`;
    draft.files.set(`${folder}/in.txt`, file("in"));
    draft.files.set(`${folder}/sub/deep.txt`, file("deep"));
    draft.files.set(`${folder}/link`, { kind: "symlink", target: "in.txt" });
    draft.files.set(`${folder}-other.txt`, file("other"));
    const source = random.pick([folder, `${folder}/sub`, `${folder}/in.txt`, `${folder}/link`]);
    const mount = random.pick([
      `type=bind,source=${source},target=/m`,
      `source=${source},target=/m`,
      `type=bind,source=${source},target=/m,rw`,
    ]);
    const run = add(draft, stage, `RUN --mount=${mount} echo mounted > /mounted${fresh(draft)}`);
    return [
      putFile("file in a bind mount's folder", `${folder}/in.txt`, file("changed")),
      putFile("file deep in a bind mount's folder", `${folder}/sub/deep.txt`, file("changed")),
      putFile("new file in a bind mount's folder", `${folder}/new.txt`, file("new")),
      putFile("file beside a bind mount", `${folder}-other.txt`, file("changed")),
      putFile("exec bit in a bind mount", `${folder}/in.txt`, file("in", 0o755)),
      putFile("symlink in a bind mount retargeted", `${folder}/link`, { kind: "symlink", target: "sub/deep.txt" }),
      putFile("symlink in a bind mount becomes a file", `${folder}/link`, file("in")),
      putFile("empty folder in a bind mount", `${folder}/empty`, { kind: "folder" }),
      moveFile("file in a bind mount renamed", `${folder}/in.txt`, `${folder}/in2.txt`),
      rewrite("words of a bind mount", run, (text) => text.replace("source=", "src=").replace("target=", "dst=")),
      rewrite("order in a bind mount", run, (text) => text.replace(/source=([^,]*),target=\/m/, "target=/m,source=$1")),
      rewrite("slash before a bind mount's source", run, (text) => text.replace("source=", "source=/")),
      rewrite("target of a bind mount", run, (text) => text.replace("target=/m", "target=/n")),
      rewrite("read-only said for a bind mount", run, (text) => text.replace("target=/m", "target=/m,readonly")),
      rewrite("bind mount removed", run, (text) => text.replace(/--mount=\S+ /, "")),
      rewrite("bind mount of the whole context", run, (text) => text.replace(/source=[^,]*,/, "")),
    ];
  }),
  shellFeature("RUN with a bind mount of the whole context", (_random, draft, stage) => {
    const name = `whole${fresh(draft)}.txt`;
    draft.files.set(name, file("whole"));
    const run = add(draft, stage, `RUN --mount=target=/m echo whole > /whole${fresh(draft)}`);
    return [
      putFile("file under a mount of the whole context", name, file("changed")),
      putFile("new file under a mount of the whole context", `new-${name}`, file("new")),
      putFile("empty folder under a mount of the whole context", "empty-folder", { kind: "folder" }),
      rewrite("type said for a mount", run, (text) => text.replace("--mount=", "--mount=type=bind,")),
    ];
  }),
  shellFeature("RUN with a cache mount", (random, draft, stage) => {
    const mount = random.pick([
      "type=cache,target=/cache",
      "type=cache,id=c,target=/cache,sharing=locked",
      "type=cache,target=/cache,uid=1000",
    ]);
    const run = add(draft, stage, `RUN --mount=${mount} echo cached > /cached${fresh(draft)}`);
    return [
      rewrite("id of a cache mount", run, (text) => text.replace("type=cache,", "type=cache,id=d,")),
      rewrite("sharing of a cache mount", run, (text) => text.replace("type=cache,", "type=cache,sharing=private,")),
      rewrite("target of a cache mount", run, (text) => text.replace("target=/cache", "target=/cash")),
      rewrite("mode of a cache mount", run, (text) => text.replace("type=cache,", "type=cache,mode=0700,")),
      rewrite("read-only cache mount", run, (text) => text.replace("type=cache,", "type=cache,ro,")),
      rewrite("id of a cache mount equal to its target", run, (text) =>
        text.replace("type=cache,target", "type=cache,id=/cache,target"),
      ),
      rewrite("cache mount removed", run, (text) => text.replace(/--mount=\S+ /, "")),
    ];
  }),
  shellFeature("RUN with a secret, an agent or memory", (random, draft, stage) => {
    const mount = random.pick([
      "type=secret,id=key",
      "type=secret,id=key,target=/k",
      "type=tmpfs,target=/t",
      "type=ssh",
      "type=secret,id=key,env=KEY",
    ]);
    const run = add(draft, stage, `RUN --mount=${mount} echo secret > /secret${fresh(draft)}`);
    return [
      rewrite("id of a secret", run, (text) => text.replace("id=key", "id=other")),
      rewrite("size of a memory mount", run, (text) => text.replace("type=tmpfs", "type=tmpfs,size=1000000")),
      rewrite("mount of another kind", run, (text) => text.replace(/--mount=\S+/, "--mount=type=tmpfs,target=/tt")),
      rewrite("a second mount", run, (text) => text.replace("--mount=", "--mount=type=tmpfs,target=/t2 --mount=")),
      rewrite("secret not required, said", run, (text) => text.replace("type=secret", "type=secret,required=false")),
      rewrite("mount removed", run, (text) => text.replace(/--mount=\S+ /, "")),
    ];
  }),
  shellFeature("RUN with two mounts", (_random, draft, stage) => {
    const one = `mount${fresh(draft)}`;
    draft.files.set(`${one}/a`, file("a"));
    draft.files.set(`${one}/b`, file("b"));
    const run = add(
      draft,
      stage,
      `RUN --mount=source=${one}/a,target=/a --mount=source=${one}/b,target=/b echo > /mounts`,
    );
    const swap = (text: string): string => text.replace(/(--mount=\S+) (--mount=\S+)/, "$2 $1");
    const mutations: Mutation[] = [
      rewrite("order of two mounts", run, swap),
      putFile("first of two mounts", `${one}/a`, file("A")),
      rewrite(
        "variable in a mount",
        run,
        (text) => `ARG MOUNTED=${one}/a\n${text.replace(`source=${one}/a`, "source=$MOUNTED")}`,
      ),
    ];
    return mutations;
  }),
];
