import { styleText } from "node:util";
import type { Terminal } from "../terminal.ts";

type Format = Parameters<typeof styleText>[0];

/** Puts a text in a colour or weight; gives it back unchanged where colours are not wanted. */
export type Style = (format: Format, text: string) => string;

/** Colours only on a terminal, and not where NO_COLOR is set to anything. */
export function styleFor({ stdout, env }: Terminal): Style {
  const coloured = stdout.isTTY === true && !env.NO_COLOR && env.TERM !== "dumb";
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : (_format, text) => text;
}
