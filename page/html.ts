import { stripVTControlCharacters } from "node:util";

/** HTML that may be put into a page as it is. Only {@link html} and {@link raw} make it. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: text and numbers are escaped, lists are joined, what is absent or false is left out. */
export type Content = Html | string | number | false | undefined | readonly Content[];

/** A template whose values cannot become markup, whatever they are: between tags and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(parts.reduce((text, part, index) => text + markup(values[index - 1]) + part));
}

/** Text of this program's own that is markup already: a style sheet. */
export function raw(text: string): Html {
  return new Html(text);
}

function markup(value: Content): string {
  if (value instanceof Html) return value.text;
  if (typeof value === "object") return value.map(markup).join("");
  return value === undefined || value === false ? "" : escape(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** What a log or a file's name may have, and a reader never: signs that mean nothing, or turn the text's direction. */
const UNREADABLE = /(?![\t\n])\p{Cc}|\p{Bidi_Control}/gu;

function escape(text: string): string {
  const readable = stripVTControlCharacters(text).replace(UNREADABLE, "\ufffd");
  return readable.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign);
}
