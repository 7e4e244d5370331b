import { brief } from "../../chain/explain.ts";
import type { TargetInputs } from "../../chain/inputs.ts";
import type { Style } from "./style.ts";

/** A target's inputs for a person: what is in the key, by kind. */
export function renderInputs(inputs: TargetInputs, style: Style): string {
  const lines = [
    `${style("bold", "key")} ${inputs.key} (${inputs.algorithm}, ${inputs.platform}, epoch ${inputs.epoch})`,
  ];
  const section = (title: string, rows: readonly string[]) => {
    if (rows.length > 0) lines.push("", style("bold", title), ...rows.map((row) => `  ${row}`));
  };
  const pairs = (record: Readonly<Record<string, string>>) =>
    Object.entries(record).map(([name, value]) => `${name} ${style("dim", value)}`);
  section("parents", pairs(inputs.parents));
  section("base images", pairs(inputs.bases));
  section("args", pairs(inputs.args));
  section(
    "instructions",
    inputs.instructions.map((one) => {
      const files = one.files ? style("dim", `  reads ${one.files.length}`) : "";
      return `${style("dim", `${one.stage}:${one.line}`.padEnd(16))} ${brief(one, 90)}${files}`;
    }),
  );
  section(
    "files",
    inputs.files.map((file) => {
      const content = "link" in file ? `-> ${file.link}` : file.sha256.slice(0, 12);
      return `${file.mode} ${String(file.size).padStart(9)}  ${file.path} ${style("dim", content)}`;
    }),
  );
  return `${lines.join("\n")}\n`;
}
