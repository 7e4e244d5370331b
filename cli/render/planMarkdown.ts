import { shortKey, showDollars, showMinutes } from "../../chain/amounts.ts";
import type { Plan } from "../../chain/plan.ts";

/** A plan for a pull request. Texts come from the change itself, so they are shown as code and never as markup. */
export function renderPlanMarkdown(plan: Plan, against: string | undefined): string {
  const { build, reuse, unknown, refused, makespan, minutes, dollars } = plan.totals;
  const title = build === 0 ? "nothing to build" : `${build} of ${plan.targets.length} images to build`;
  const lines = [`### strata plan: ${title}`, ""];
  if (against !== undefined) lines.push(`Compared with ${code(against)}.`, "");
  if (build > 0) {
    const cost = `about ${showMinutes(makespan)} until all is built, ${showMinutes(minutes)} of machines, ${showDollars(dollars)}`;
    lines.push(`**${cost}.** Longest chain: ${plan.criticalPath.map(code).join(" → ")}`, "");
    lines.push("| target | key | minutes | dollars | machine | why |", "|---|---|--:|--:|---|---|");
    for (const one of plan.targets.filter(({ action }) => action === "build")) {
      const why = one.reasons.map(({ text }) => code(text)).join("<br>");
      const cells = [
        code(one.target),
        code(shortKey(one.key ?? "")),
        Math.round(one.minutes),
        showDollars(one.dollars),
        one.machine,
        why,
      ];
      lines.push(`| ${cells.join(" | ")} |`);
    }
    lines.push("");
  }
  for (const one of plan.targets.filter(({ action }) => action === "refused")) {
    lines.push(
      `**${code(one.target)} cannot be built**`,
      "",
      fence(one.reasons.map(({ text }) => text).join("\n")),
      "",
    );
  }
  const rest = plan.targets.filter(({ action }) => action === "reuse" || action === "unknown");
  if (rest.length > 0) {
    const label = unknown > 0 ? `${unknown} not asked for` : `${reuse} unchanged`;
    lines.push(
      `<details><summary>${label}</summary>`,
      "",
      rest.map(({ target }) => code(target)).join(", "),
      "",
      "</details>",
      "",
    );
  }
  if (refused > 0 && build === 0) lines.push(`${refused} refused.`, "");
  return lines.join("\n");
}

/**
 * Inline code whose content cannot end it, break the table, or speak to anybody. Renderers disagree on a "|" in code
 * within a table, so a text that has one is written as HTML, every sign that could mean something as an entity.
 */
function code(text: string): string {
  const plain = text.replace(/\s+/g, " ");
  if (plain.includes("|")) {
    return `<code>${plain.replace(/[^A-Za-z0-9 .,;=/-]/gu, (sign) => `&#${sign.codePointAt(0)};`)}</code>`;
  }
  const longest = Math.max(0, ...(plain.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = "`".repeat(longest + 1);
  const space = longest > 0 ? " " : "";
  return `${ticks}${space}${plain}${space}${ticks}`;
}

function fence(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const ticks = "`".repeat(longest + 1);
  return `${ticks}text\n${text}\n${ticks}`;
}
