import type { GoRegExp, Position } from "./goRegExp.ts";

/** One instruction of the machine that an expression is compiled to. */
type Step =
  | { readonly op: "take"; readonly accepts: (character: number) => boolean; readonly next: number }
  | { readonly op: "demand"; readonly position: Position; readonly next: number }
  | { readonly op: "fork"; next: number; readonly other: number }
  | { readonly op: "done" };

/** What stands beside a place in the text: nothing, a letter, digit or underscore, or another character. */
type Neighbour = "edge" | "word" | "other";

/** The steps that may come next, after a character of the given kind. */
interface State {
  readonly steps: readonly number[];
  readonly before: Neighbour;
  readonly moves: Map<number, State>;
  matchesAtEnd?: boolean;
}

const mostStates = 2000;
/** How many steps the kept states may have together: each can have as many as the expression. */
const mostSteps = 200_000;
const matched: State = { steps: [], before: "other", moves: new Map() };
const dead: State = { steps: [], before: "other", moves: new Map() };

/**
 * Finds an expression anywhere in a text in time linear in the text, whatever the expression: a backtracking RegExp
 * can take hours for `*a*a*a*a*a*b`. States are built when a text first needs them and kept.
 */
export class Automaton {
  readonly #steps: Step[] = [];
  readonly #first: number;
  #states = new Map<string, State>();
  #kept = 0;

  constructor(expression: GoRegExp) {
    const done = this.#add({ op: "done" });
    this.#first = this.#compile(expression, done);
    if (!beginsAtStart(expression)) this.#first = this.#anywhere(this.#first);
  }

  /** Whether the expression is found in the text. */
  test(text: string): boolean {
    let state = this.#state([this.#first], "edge");
    for (let i = 0; i < text.length; i++) {
      const character = text.codePointAt(i) ?? 0;
      if (character > 0xffff) i++;
      let next = state.moves.get(character);
      if (next === undefined) {
        next = this.#move(state, character);
        state.moves.set(character, next);
      }
      if (next === matched) return true;
      if (next === dead) return false;
      state = next;
    }
    state.matchesAtEnd ??= this.#reach(state, "edge").done;
    return state.matchesAtEnd;
  }

  #add(step: Step): number {
    return this.#steps.push(step) - 1;
  }

  /** The first step of an expression that continues at `next`. */
  #compile(expression: GoRegExp, next: number): number {
    switch (expression.kind) {
      case "character":
        return this.#add({ op: "take", accepts: expression.accepts, next });
      case "position":
        return this.#add({ op: "demand", position: expression.position, next });
      case "sequence":
        return expression.items.reduceRight((after, item) => this.#compile(item, after), next);
      case "choice":
        return expression.branches
          .map((branch) => this.#compile(branch, next))
          .reduceRight((other, branch) => this.#add({ op: "fork", next: branch, other }));
      case "repeat": {
        let after = next;
        if (expression.max === Number.POSITIVE_INFINITY) after = this.#loop(expression.item, next);
        else
          for (let i = expression.min; i < expression.max; i++)
            after = this.#add({ op: "fork", next: this.#compile(expression.item, after), other: next });
        for (let i = 0; i < expression.min; i++) after = this.#compile(expression.item, after);
        return after;
      }
    }
  }

  /** Any number of the item, then `next`. */
  #loop(item: GoRegExp, next: number): number {
    const fork: Step = { op: "fork", next, other: next };
    const start = this.#add(fork);
    fork.next = this.#compile(item, start);
    return start;
  }

  /** Any characters, then `first`. */
  #anywhere(first: number): number {
    return this.#loop({ kind: "character", accepts: () => true }, first);
  }

  #state(steps: readonly number[], before: Neighbour): State {
    const name = `${before}:${steps.join()}`;
    let state = this.#states.get(name);
    if (!state) {
      if (this.#states.size >= mostStates || this.#kept > mostSteps) {
        this.#states = new Map();
        this.#kept = 0;
      }
      this.#kept += steps.length;
      state = { steps, before, moves: new Map() };
      this.#states.set(name, state);
    }
    return state;
  }

  #move(state: State, character: number): State {
    const kind = isWord(character) ? "word" : "other";
    const { done, takes } = this.#reach(state, kind);
    if (done) return matched;
    const steps = new Set<number>();
    for (const take of takes) if (take.accepts(character)) steps.add(take.next);
    return steps.size === 0
      ? dead
      : this.#state(
          [...steps].sort((a, b) => a - b),
          kind,
        );
  }

  /** What can be reached from a state without taking a character, when `after` comes next. */
  #reach(state: State, after: Neighbour): { done: boolean; takes: (Step & { op: "take" })[] } {
    const takes: (Step & { op: "take" })[] = [];
    const seen = new Set<number>();
    const open = [...state.steps];
    let done = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const step = this.#steps[at];
      if (step === undefined || seen.has(at)) continue;
      seen.add(at);
      if (step.op === "done") done = true;
      else if (step.op === "take") takes.push(step);
      else if (step.op === "fork") open.push(step.next, step.other);
      else if (holds(step.position, state.before, after)) open.push(step.next);
    }
    return { done, takes };
  }
}

function holds(position: Position, before: Neighbour, after: Neighbour): boolean {
  switch (position) {
    case "start":
      return before === "edge";
    case "end":
      return after === "edge";
    case "boundary":
      return (before === "word") !== (after === "word");
    case "inside":
      return (before === "word") === (after === "word");
  }
}

function isWord(character: number): boolean {
  return (
    (character >= 0x30 && character <= 0x39) ||
    (character >= 0x41 && character <= 0x5a) ||
    (character >= 0x61 && character <= 0x7a) ||
    character === 0x5f
  );
}

/** Whether the expression can only be found at the start of a text. */
function beginsAtStart(expression: GoRegExp): boolean {
  if (expression.kind !== "sequence") return false;
  const first = expression.items[0];
  return first?.kind === "position" && first.position === "start";
}
