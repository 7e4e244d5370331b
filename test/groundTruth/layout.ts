import { type Draft, dockerfileText, insertLine, type Line, type Mutation, rewrite } from "./draft.ts";
import type { Random } from "./random.ts";
import { file } from "./state.ts";

/** Changes of how a Dockerfile is written that fit any Dockerfile. Few of them change what is built. */
export function layoutMutations(random: Random, draft: Draft): Mutation[] {
  const lines = draft.stages.flatMap((stage) => stage.lines);
  const line = random.pick(lines);
  const short = lines.filter(({ text }) => !text.includes("\n"));
  const single = short.length > 0 ? random.pick(short) : undefined;
  return [
    insertLine("comment between instructions", line.id, `# ${random.word()}`),
    insertLine("indented comment between instructions", line.id, `   # ${random.word()}`, "before"),
    insertLine("blank lines between instructions", line.id, "\n   "),
    rewrite("keyword in lower case", line.id, (text) => text.replace(/^\w+/, (word) => word.toLowerCase())),
    rewrite("keyword in mixed case", line.id, (text) =>
      text.replace(/^\w+/, (word) => word[0] + word.slice(1).toLowerCase()),
    ),
    rewrite("indented instruction", line.id, (text) => `  ${text}`),
    rewrite("indented by a tab", line.id, (text) => `\t${text}`),
    whole("comment at the top", (changed) => void changed.head.push("# comment")),
    whole("blank line at the top", (changed) => void changed.head.unshift("")),
    whole("explicit escape directive", (changed) => void changed.head.unshift("# escape=\\")),
    whole("escape directive that is a comment", (changed) => void changed.head.unshift("# first", "# escape=`")),
    whole("check directive", (changed) => void changed.head.unshift("# check=skip=all")),
    whole("unknown directive", (changed) => void changed.head.unshift("# directive=value")),
    whole("FROM in lower case", (changed) => {
      changed.fromWord = "from";
    }),
    whole("two blanks behind FROM", (changed) => {
      changed.fromWord = "FROM ";
    }),
    whole("AS in lower case", (changed) => {
      changed.asWord = "as";
    }),
    whole("line ends of the Dockerfile", (changed) => {
      changed.lineEnd = "\r\n";
    }),
    whole("mark at the start of the Dockerfile", (changed) => {
      changed.head[0] = `\uFEFF${changed.head[0] ?? "# comment"}`;
    }),
    whole("no line end at the end", (changed) => {
      changed.tail = "";
    }),
    whole("blank lines at the end", (changed) => {
      changed.tail = "\n\n  \n";
    }),
    whole("backtick as the escape character", (changed) => {
      if (dockerfileText(changed).includes("`")) return;
      changed.head.unshift("# escape=`");
      for (const each of changed.stages.flatMap((stage) => stage.lines))
        each.text = each.text.replaceAll("\\\n", "`\n");
    }),
    whole("file that nobody reads", (changed) => void changed.files.set(`notes-${random.word()}.md`, file("notes"))),
    whole("time of every file", (changed) => {
      for (const [path, entry] of changed.files)
        if (entry.kind === "file") changed.files.set(path, { ...entry, modified: 1e9 });
    }),
    whole("group's write bit on every file", (changed) => {
      for (const [path, entry] of changed.files)
        if (entry.kind === "file") changed.files.set(path, { ...entry, mode: (entry.mode ?? 0o644) | 0o020 });
    }),
    ...(single ? singleLine(single) : []),
  ];
}

/** Changes of an instruction of one line. */
function singleLine({ id }: Line): Mutation[] {
  return [
    rewrite("blanks behind an instruction", id, (text) => `${text}   `),
    rewrite("tab behind the keyword", id, (text) => text.replace(" ", "\t")),
    rewrite("two blanks behind the keyword", id, (text) => text.replace(" ", "  ")),
    rewrite("continuation behind the keyword", id, (text) => text.replace(" ", " \\\n  ")),
    rewrite("continuation before the last word", id, (text) => text.replace(/ (?=\S+$)/, " \\\n")),
    rewrite("comment in a continuation", id, (text) => text.replace(" ", " \\\n# comment\n")),
    rewrite("empty line in a continuation", id, (text) => text.replace(" ", " \\\n\n")),
    rewrite("backslash at the end of an instruction", id, (text) => `${text} \\\n`),
  ];
}

function whole(name: string, apply: (draft: Draft) => void): Mutation {
  return { name, apply };
}
