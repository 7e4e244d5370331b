import { UserError } from "../errors.ts";
import { csvFields } from "./csv.ts";

/**
 * The device that a RUN --device asks for, in one spelling: its name, ",required" behind it where the command cannot do
 * without it. "name=gpu,required=false" is "gpu".
 * @param flag what stands behind "--device="
 * @throws UserError for a field that BuildKit refuses
 */
export function parseDevice(flag: string, at: { readonly file: string; readonly line: number }): string {
  const refuse = (problem: string, value: string) =>
    new UserError({ problem, value, allowed: "NAME, NAME,required, NAME,required=false", at });
  const fields = csvFields(flag);
  if (!fields) throw refuse("the quotes in RUN --device do not match, or nothing is in it", flag);
  let name = "";
  let required = false;
  for (const field of fields) {
    const equals = field.indexOf("=");
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    if (key === "required") required = equals === -1 || truth(field.slice(equals + 1), field, refuse);
    else if (name !== "") throw refuse("RUN --device has a second name or an unknown field", field);
    else name = key === "name" && equals !== -1 ? field.slice(equals + 1) : field;
  }
  return `${/[",]/.test(name) ? JSON.stringify(name) : name}${required ? ",required" : ""}`;
}

function truth(value: string, field: string, refuse: (problem: string, value: string) => UserError): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(value)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(value)) return false;
  throw refuse("required is neither true nor false", field);
}
