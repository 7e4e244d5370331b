import { join } from "node:path";

/** The style sheet of every page and report. */
export const STYLE_FILE = join(import.meta.dirname, "page.css");
