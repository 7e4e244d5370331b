import { compareBytes } from "../context/byteOrder.ts";
import { UserError } from "../errors.ts";
import { trim } from "./characters.ts";
import { parseDevice } from "./devices.ts";
import { parseDuration } from "./durations.ts";
import { type FlagKind, Flags } from "./flags.ts";
import type { CommandLine, Health, Instruction, Pair, Transfer } from "./instructions.ts";
import { parseMounts } from "./mounts.ts";
import { quotedWords } from "./quotedWords.ts";
import { heredocOf, parseJsonArray, parseSyntax, type SourceInstruction, splitInstruction } from "./syntax.ts";

/** A Dockerfile whose instructions are read, in order. */
export interface Dockerfile {
  readonly file: string;
  readonly escape: "\\" | "`";
  readonly syntaxImage?: string;
  readonly instructions: readonly Instruction[];
}

/**
 * Parses a Dockerfile with BuildKit 0.34's semantics.
 * @param text the file's content
 * @param file its path, for messages
 * @throws UserError with file and line
 */
export function parseDockerfile(text: string, file: string): Dockerfile {
  const { instructions, ...rest } = parseSyntax(text, file);
  return { ...rest, instructions: instructions.map((source) => parseInstruction(source, file, rest.escape)) };
}

/** Reads one instruction's flags and arguments. */
export function parseInstruction(source: SourceInstruction, file: string, escape: "\\" | "`"): Instruction {
  return new InstructionParser(source, file, escape).parse();
}

const DURATION_FLAGS = { interval: "text", timeout: "text", "start-period": "text", "start-interval": "text" } as const;

class InstructionParser {
  private readonly source: SourceInstruction;
  private readonly escape: "\\" | "`";
  private readonly at: { readonly file: string; readonly line: number };
  private readonly keyword: string;

  constructor(source: SourceInstruction, file: string, escape: "\\" | "`") {
    this.source = source;
    this.escape = escape;
    this.at = { file, line: source.line };
    this.keyword = source.keyword.toUpperCase();
  }

  parse(): Instruction {
    const { source } = this;
    switch (this.keyword) {
      case "FROM":
        return this.from();
      case "ARG":
        return { kind: "ARG", source, args: this.args() };
      case "ENV":
      case "LABEL":
        this.flags({});
        return { kind: this.keyword, source, pairs: this.pairs() };
      case "RUN":
        return this.run();
      case "COPY":
        return this.copy();
      case "ADD":
        return this.add();
      case "CMD":
      case "ENTRYPOINT":
        this.flags({});
        return { kind: this.keyword, source, command: this.commandLine(source.rest) };
      case "WORKDIR":
      case "USER":
      case "MAINTAINER":
        this.flags({});
        return { kind: this.keyword, source, value: this.one() };
      case "STOPSIGNAL":
        return { kind: this.keyword, source, value: this.one() };
      case "EXPOSE":
        this.flags({});
        return { kind: "EXPOSE", source, values: this.some(this.delimited(source.rest)).toSorted(compareBytes) };
      case "VOLUME":
        return { kind: "VOLUME", source, values: this.volumes() };
      case "SHELL":
        return { kind: "SHELL", source, shell: this.shell() };
      case "HEALTHCHECK":
        return { kind: "HEALTHCHECK", source, health: this.health() };
      case "ONBUILD":
        return { kind: "ONBUILD", source, trigger: this.trigger() };
      default:
        throw this.error("unknown instruction", source.keyword, KEYWORDS.join(", "));
    }
  }

  private error(problem: string, value?: string, allowed?: string): UserError {
    const parts = { ...(value !== undefined && { value }), ...(allowed !== undefined && { allowed }) };
    return new UserError({ problem, ...parts, at: this.at });
  }

  private flags(allowed: Readonly<Record<string, FlagKind>>): Flags {
    return new Flags(this.source.flags, allowed, this.at, this.keyword);
  }

  private one(): string {
    if (this.source.rest === "") throw this.error(`${this.keyword} takes exactly one argument`, "none");
    return this.source.rest;
  }

  private some<T>(values: readonly T[]): readonly T[] {
    if (values.length === 0) throw this.error(`${this.keyword} takes at least one argument`, "none");
    return values;
  }

  private delimited(text: string): readonly string[] {
    return text === "" ? [] : text.split(/[\t\v\f\r ]+/);
  }

  private json(text: string): readonly string[] | undefined {
    const array = parseJsonArray(text);
    if (array === "mixed") throw this.error("a JSON array may hold strings only", text, '["one", "two"]');
    return array;
  }

  private from(): Instruction {
    const words = this.delimited(this.source.rest);
    const [image, as, name] = words;
    const named = words.length === 3 && as?.toLowerCase() === "as";
    if (image === undefined || (words.length !== 1 && !named)) {
      throw this.error("FROM cannot be read", this.source.rest, "FROM image, FROM image AS name");
    }
    if (named && !/^[a-z][a-z0-9-_.]*$/.test(name?.toLowerCase() ?? "")) {
      throw this.error("the stage's name is not allowed", name, "a letter, then letters, digits, '-', '_', '.'");
    }
    const platform = this.flags({ platform: "text" }).text("platform");
    return { kind: "FROM", source: this.source, image, platform, ...(named && name && { name: name.toLowerCase() }) };
  }

  private args(): { name: string; value?: string }[] {
    // ARG looks at no flags, so none is refused.
    return this.some(quotedWords(this.source.rest, this.escape)).map((word) => {
      const equals = word.indexOf("=");
      if (equals === 0) throw this.error("an ARG has no name", word, "ARG name, ARG name=default");
      return equals === -1 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
    });
  }

  /** "name=value ..." or, where the first word has no "=", the old form "name value to the end of the line". */
  private pairs(): readonly Pair[] {
    const { rest } = this.source;
    const words = this.some(quotedWords(rest, this.escape));
    if (!words[0]?.includes("=")) {
      const gap = /[\t\v\f\r ]+/.exec(rest);
      if (!gap) throw this.error(`${this.keyword} has a name and no value`, rest, `${this.keyword} name=value`);
      return [{ name: rest.slice(0, gap.index), value: rest.slice(gap.index + gap[0].length) }];
    }
    return words.map((word) => {
      const equals = word.indexOf("=");
      if (equals <= 0) throw this.error(`${this.keyword} cannot be read`, word, "name=value");
      return { name: word.slice(0, equals), value: word.slice(equals + 1) };
    });
  }

  private commandLine(text: string): CommandLine {
    const array = this.json(text);
    if (array) return { arguments: array, shell: false };
    return { arguments: text === "" ? [] : [text], shell: true };
  }

  private run(): Instruction {
    const flags = this.flags({ mount: "list", network: "text", security: "text", device: "list" });
    const network = flags.text("network", "default");
    if (!["default", "none", "host"].includes(network)) {
      throw this.error("RUN --network takes no such mode", network, "default, none, host");
    }
    const security = flags.text("security", "sandbox");
    if (!["sandbox", "insecure"].includes(security)) {
      throw this.error("RUN --security takes no such mode", security, "sandbox, insecure");
    }
    const mounts = flags.list("mount");
    // Read once without variables, as BuildKit does, so that a stage's dependencies do not depend on values.
    parseMounts(mounts, undefined, this.at);
    const command = this.commandLine(this.source.rest);
    const devices = flags.list("device").map((device) => parseDevice(device, this.at));
    return { kind: "RUN", source: this.source, command, mounts, network, security, devices };
  }

  private transfer(flags: Flags): Transfer {
    const { rest, heredocs } = this.source;
    const words = this.json(rest) ?? this.delimited(rest);
    const destination = words.at(-1);
    if (words.length < 2 || destination === undefined) {
      throw this.error(`${this.keyword} takes at least two arguments, a source and the destination`, rest);
    }
    if (this.heredoc(destination)) throw this.error("a here-document cannot be the destination", destination);
    const sources: string[] = [];
    const contents = [];
    for (const word of words.slice(0, -1)) {
      const heredoc = this.heredoc(word);
      if (!heredoc) {
        sources.push(word);
        continue;
      }
      const content = heredocs.findLast((one) => one.name === heredoc.name)?.content ?? "";
      contents.push({ ...heredoc, content: heredoc.dropsTabs ? dropTabs(content) : content });
    }
    return {
      sources,
      heredocs: contents,
      destination,
      chown: flags.text("chown"),
      chmod: flags.text("chmod"),
      link: flags.truth("link"),
      exclude: flags.list("exclude"),
    };
  }

  private heredoc(word: string) {
    try {
      return heredocOf(word, this.at);
    } catch {
      // What cannot be read as a here-document's word is an ordinary word.
      return undefined;
    }
  }

  private copy(): Instruction {
    const flags = this.flags({
      chown: "text",
      from: "text",
      chmod: "text",
      link: "truth",
      exclude: "list",
      parents: "truth",
    });
    const transfer = this.transfer(flags);
    return {
      kind: "COPY",
      source: this.source,
      ...transfer,
      from: flags.text("from"),
      parents: flags.truth("parents"),
    };
  }

  private add(): Instruction {
    const flags = this.flags({
      chown: "text",
      chmod: "text",
      link: "truth",
      "keep-git-dir": "truth",
      checksum: "text",
      unpack: "truth",
      exclude: "list",
    });
    const keepGitDir = flags.optionalTruth("keep-git-dir");
    const unpack = flags.optionalTruth("unpack");
    return {
      kind: "ADD",
      source: this.source,
      ...this.transfer(flags),
      checksum: flags.text("checksum"),
      ...(keepGitDir !== undefined && { keepGitDir }),
      ...(unpack !== undefined && { unpack }),
    };
  }

  private volumes(): readonly string[] {
    this.flags({});
    const { rest } = this.source;
    return this.some(this.json(rest) ?? this.delimited(rest)).map((word) => {
      const path = trim(word);
      if (path === "") throw this.error("a volume's path is empty", rest);
      return path;
    });
  }

  private shell(): readonly string[] {
    this.flags({});
    const array = this.json(this.source.rest);
    if (!array || array.length === 0) {
      throw this.error("SHELL takes a JSON array", this.source.rest, 'SHELL ["/bin/bash", "-c"]');
    }
    return array;
  }

  private health(): Health {
    const match = /^(\S+)\s*(.*)$/s.exec(this.source.rest);
    const type = match?.[1]?.toUpperCase();
    const rest = match?.[2] ?? "";
    const none = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 };
    if (type === "NONE") {
      if (rest !== "") throw this.error("HEALTHCHECK NONE takes no arguments", rest);
      return { test: ["NONE"], ...none };
    }
    const flags = this.flags({ ...DURATION_FLAGS, retries: "text" });
    if (type !== "CMD") throw this.error("unknown kind of HEALTHCHECK", type ?? "none", "CMD, NONE");
    const command = this.commandLine(rest);
    if (command.arguments.length === 0) throw this.error("HEALTHCHECK CMD has no command");
    const retries = flags.text("retries", "0");
    if (!/^[+-]?\d+$/.test(retries) || Number(retries) < 0 || Number(retries) > 0x7fffffff) {
      throw this.error("HEALTHCHECK --retries is no count", retries, "0 or more");
    }
    return {
      test: [command.shell ? "CMD-SHELL" : "CMD", ...command.arguments],
      interval: this.duration(flags, "interval"),
      timeout: this.duration(flags, "timeout"),
      startPeriod: this.duration(flags, "start-period"),
      startInterval: this.duration(flags, "start-interval"),
      retries: Number(retries),
    };
  }

  private duration(flags: Flags, name: string): number {
    const text = flags.text(name);
    const value = text === "" ? 0 : parseDuration(text);
    if (value === undefined || (value !== 0 && value < 1e6)) {
      throw this.error(`HEALTHCHECK --${name} is no duration`, text, "0, or at least 1ms: 30s, 1m30s");
    }
    return value;
  }

  private trigger(): string {
    this.flags({});
    const { rest, text, heredocs } = this.source;
    const inner = splitInstruction(rest, this.escape).keyword.toUpperCase();
    if (inner === "" || inner === "ONBUILD" || inner === "FROM" || inner === "MAINTAINER") {
      throw this.error("ONBUILD takes one instruction, and neither ONBUILD nor FROM nor MAINTAINER", rest);
    }
    // The inner instruction has to be readable now, not only when a child is built.
    parseInstruction({ ...this.source, ...splitInstruction(rest, this.escape) }, this.at.file, this.escape);
    const expression = text.replace(/^[\t\n\f\r ]*onbuild[\t\n\f\r ]*/i, "");
    return expression + heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
  }
}

const KEYWORDS = [
  ...["ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER"],
  ...["ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"],
];

/** Removes the leading tabs of every line: "<<-". Only a line feed begins a line, which the flag "m" does not know. */
export function dropTabs(content: string): string {
  return content.replace(/(^|\n)\t+/g, "$1");
}
