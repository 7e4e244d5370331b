import { unimplemented } from "../http/errors.ts";

/** What a condition can ask about. */
export interface ConditionInput {
  /** Such as `projects/_/buckets/B/objects/O`. */
  readonly resourceName: string;
  /** Such as `storage.googleapis.com/Object`. */
  readonly resourceType: string;
  /** Such as `storage.googleapis.com`. */
  readonly resourceService: string;
  /** When the call was made. */
  readonly requestTime: Date;
}

/** A condition that has been read. */
export type Condition = (input: ConditionInput) => boolean;

const TOKEN = /\s*(\|\||&&|==|!=|<=|>=|[!()<>,.]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*)/y;

/**
 * Reads the part of CEL that this stack's bindings use: `resource.name`, `resource.type`, `resource.service` with
 * `==`, `!=`, `startsWith`, `endsWith`, `request.time` against `timestamp("…")`, joined by `&&`, `||`, `!`, brackets.
 *
 * @throws GoogleError 501 for any other expression: a condition that is not understood is never taken as true or false.
 */
export function readCondition(expression: string): Condition {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (expression.slice(TOKEN.lastIndex).trim() !== "") {
    const match = TOKEN.exec(expression);
    if (!match?.[1]) throw notUnderstood(expression);
    tokens.push(match[1]);
  }
  const parser = new Parser(expression, tokens);
  const condition = parser.either();
  parser.end();
  return condition;
}

function notUnderstood(expression: string) {
  return unimplemented(`The condition ${JSON.stringify(expression)} is not evaluated`);
}

/** A recursive-descent parser: either -> both -> negation -> comparison. */
class Parser {
  readonly #expression: string;
  readonly #tokens: readonly string[];
  #next = 0;

  constructor(expression: string, tokens: readonly string[]) {
    this.#expression = expression;
    this.#tokens = tokens;
  }

  either(): Condition {
    let left = this.#both();
    while (this.#take("||")) {
      const [first, second] = [left, this.#both()];
      left = (input) => first(input) || second(input);
    }
    return left;
  }

  end(): void {
    if (this.#next < this.#tokens.length) throw notUnderstood(this.#expression);
  }

  #both(): Condition {
    let left = this.#negation();
    while (this.#take("&&")) {
      const [first, second] = [left, this.#negation()];
      left = (input) => first(input) && second(input);
    }
    return left;
  }

  #negation(): Condition {
    if (this.#take("!")) {
      const inner = this.#negation();
      return (input) => !inner(input);
    }
    if (this.#take("(")) {
      const inner = this.either();
      this.#expect(")");
      return inner;
    }
    return this.#comparison();
  }

  #comparison(): Condition {
    const subject = this.#word();
    this.#expect(".");
    const field = this.#word();
    if (subject === "request" && field === "time") return this.#time();
    const text = SUBJECTS[`${subject}.${field}`];
    if (!text) throw notUnderstood(this.#expression);
    if (this.#take("==")) {
      const value = this.#string();
      return (input) => text(input) === value;
    }
    if (this.#take("!=")) {
      const value = this.#string();
      return (input) => text(input) !== value;
    }
    this.#expect(".");
    const verb = this.#word();
    this.#expect("(");
    const value = this.#string();
    this.#expect(")");
    if (verb === "startsWith") return (input) => text(input).startsWith(value);
    if (verb === "endsWith") return (input) => text(input).endsWith(value);
    throw notUnderstood(this.#expression);
  }

  #time(): Condition {
    const operator = this.#tokens[this.#next++];
    this.#expect("timestamp");
    this.#expect("(");
    const limit = Date.parse(this.#string());
    this.#expect(")");
    if (operator === "<") return (input) => input.requestTime.getTime() < limit;
    if (operator === ">") return (input) => input.requestTime.getTime() > limit;
    throw notUnderstood(this.#expression);
  }

  #word(): string {
    const token = this.#tokens[this.#next++];
    if (token === undefined || !/^[A-Za-z_]/.test(token)) throw notUnderstood(this.#expression);
    return token;
  }

  #string(): string {
    const token = this.#tokens[this.#next++];
    if (token === undefined || !/^["']/.test(token)) throw notUnderstood(this.#expression);
    return token.slice(1, -1).replace(/\\(.)/g, "$1");
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#next] !== token) return false;
    this.#next++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw notUnderstood(this.#expression);
  }
}

const SUBJECTS: Readonly<Record<string, (input: ConditionInput) => string>> = {
  "resource.name": (input) => input.resourceName,
  "resource.type": (input) => input.resourceType,
  "resource.service": (input) => input.resourceService,
};
