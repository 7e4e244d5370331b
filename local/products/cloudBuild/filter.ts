import { invalid } from "../../http/errors.ts";
import type { Build } from "./build.ts";

type Predicate = (build: Build) => boolean;

const TOKEN = /\s*(\(|\)|!=|>=|<=|=|>|<|"(?:[^"\\]|\\.)*"|[^\s()=!<>"]+)/y;

/** What a filter can ask of a build, by Google's names. */
const FIELDS: Readonly<Record<string, (build: Build) => readonly string[]>> = {
  status: (build) => [build.status],
  build_id: (build) => [build.id],
  id: (build) => [build.id],
  tags: (build) => build.tags ?? [],
  trigger_id: (build) => [build.buildTriggerId ?? ""],
  build_trigger_id: (build) => [build.buildTriggerId ?? ""],
  create_time: (build) => [build.createTime],
  start_time: (build) => [build.startTime ?? ""],
  finish_time: (build) => [build.finishTime ?? ""],
};

/**
 * Reads a filter of `builds.list`: comparisons joined by AND, OR, NOT and brackets.
 *
 * @throws GoogleError 400 for a field or a form that is not known.
 */
export function readFilter(filter: string): Predicate {
  if (filter.trim() === "") return () => true;
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (filter.slice(TOKEN.lastIndex).trim() !== "") {
    const token = TOKEN.exec(filter)?.[1];
    if (token === undefined) throw invalid(`invalid filter: ${filter}`);
    tokens.push(token);
  }
  const position = { next: 0 };
  const predicate = readEither(tokens, position, filter);
  if (position.next !== tokens.length) throw invalid(`invalid filter: ${filter}`);
  return predicate;
}

interface Position {
  next: number;
}

function readEither(tokens: readonly string[], position: Position, filter: string): Predicate {
  let left = readBoth(tokens, position, filter);
  while (tokens[position.next] === "OR") {
    position.next++;
    const [first, second] = [left, readBoth(tokens, position, filter)];
    left = (build) => first(build) || second(build);
  }
  return left;
}

function readBoth(tokens: readonly string[], position: Position, filter: string): Predicate {
  let left = readOne(tokens, position, filter);
  for (
    let token = tokens[position.next];
    token !== undefined && token !== "OR" && token !== ")";
    token = tokens[position.next]
  ) {
    if (token === "AND") position.next++;
    const [first, second] = [left, readOne(tokens, position, filter)];
    left = (build) => first(build) && second(build);
  }
  return left;
}

function readOne(tokens: readonly string[], position: Position, filter: string): Predicate {
  const token = tokens[position.next++];
  if (token === "NOT") {
    const inner = readOne(tokens, position, filter);
    return (build) => !inner(build);
  }
  if (token === "(") {
    const inner = readEither(tokens, position, filter);
    if (tokens[position.next++] !== ")") throw invalid(`invalid filter: ${filter}`);
    return inner;
  }
  const operator = tokens[position.next++];
  const value = tokens[position.next++]?.replace(/^"(.*)"$/s, "$1").replace(/\\(.)/g, "$1");
  return comparison(token ?? "", operator ?? "", value, filter);
}

function comparison(name: string, operator: string, value: string | undefined, filter: string): Predicate {
  const substitution = /^substitutions\.(\w+)$/.exec(name)?.[1];
  const field = substitution ? (build: Build) => [build.substitutions?.[substitution] ?? ""] : FIELDS[name];
  if (!field) throw invalid(`invalid filter: unknown field '${name}' in ${filter}`);
  if (value === undefined) throw invalid(`invalid filter: ${filter}`);
  const comparable = name.endsWith("_time") ? (text: string) => Date.parse(text) : (text: string) => text;
  const wanted = comparable(value);
  const has = (test: (found: string | number) => boolean): Predicate => {
    return (build) => field(build).some((text) => test(comparable(text)));
  };
  switch (operator) {
    case "=":
      return has((found) => found === wanted);
    case "!=":
      return (build) => !has((found) => found === wanted)(build);
    case ">":
      return has((found) => found > wanted);
    case "<":
      return has((found) => found < wanted);
    case ">=":
      return has((found) => found >= wanted);
    case "<=":
      return has((found) => found <= wanted);
    default:
      throw invalid(`invalid filter: '${operator}' in ${filter}`);
  }
}
