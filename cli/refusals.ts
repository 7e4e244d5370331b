import type { Chain } from "../chain/chain.ts";
import type { RefusedTarget } from "../chain/collect.ts";
import { UserError } from "../chain/errors.ts";
import { UnresolvedPin } from "../chain/unresolved.ts";
import { targetNamed } from "./openChain.ts";

/** The targets that a plan refuses, by what that means for whoever asked for the plan. */
export interface Refusals {
  /** They were asked for by name. */
  readonly asked: readonly string[];
  /** They cannot be keyed for another reason than an open pin: a mistake in the catalogue. */
  readonly wrong: readonly string[];
  /** They wait for a pin that stands as unresolved, or for a parent that does: nothing is wrong. */
  readonly open: readonly string[];
}

/**
 * Tells the refused targets of a plan apart. `plan` and `build` agree by it on what is a problem: a pin that is known
 * to be open stops its own images only, as long as nobody asks for one of them by name.
 * @param names what was asked for; none stands for all
 * @param refused the refused targets of the part that is planned
 */
export function refusalsIn(
  names: readonly string[],
  open: Chain,
  refused: ReadonlyMap<string, RefusedTarget>,
): Refusals {
  const named = new Set(names.map((name) => targetNamed(name, open)));
  const kindOf = (target: string, { error }: RefusedTarget): keyof Refusals =>
    named.has(target) ? "asked" : error instanceof UnresolvedPin ? "open" : "wrong";
  const of = (kind: keyof Refusals) =>
    [...refused].filter(([target, one]) => kindOf(target, one) === kind).map(([target]) => target);
  return { asked: of("asked"), wrong: of("wrong"), open: of("open") };
}

/** The problem that refused targets are, if they are one. */
export function problemIn({ asked, wrong }: Refusals): UserError | undefined {
  const refused = [...asked, ...wrong];
  if (refused.length === 0) return undefined;
  return new UserError({
    problem: asked.length > 0 ? "what was asked for cannot be keyed" : "not every target can be keyed",
    value: refused.join(", "),
    allowed: "targets that nobody named may wait for a pin that stands as unresolved; any other reason is a mistake",
    fix: "mend what stands beside them above",
  });
}
