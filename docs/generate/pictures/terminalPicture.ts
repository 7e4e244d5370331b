/** Sizes in pixels: of a letter, of a line, and of the room around the text. */
const LETTER = 8.4;
const LINE = 20;
const MARGIN = 20;
const BAR = 34;

const BACKGROUND = "#14181f";
const TEXT = "#dde3ea";
const COLOURS: Readonly<Record<number, string>> = {
  31: "#ff8a80",
  32: "#5fce8d",
  33: "#ecb155",
  36: "#55cbd7",
};

/** Letters in one style. */
interface Run {
  readonly text: string;
  readonly column: number;
  readonly style: Style;
}

interface Style {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly colour: string | undefined;
}

const PLAIN: Style = { bold: false, dim: false, colour: undefined };

/**
 * What a terminal shows, as an SVG: the command, then its output with the colours that it asked for. Every run of
 * letters has its place and length, so that columns stand whatever font there is.
 */
export function terminalPicture(command: string, output: string): string {
  const lines = [runsOf(`\u001b[36m$\u001b[39m ${command}`), ...output.trimEnd().split("\n").map(runsOf)];
  const columns = Math.max(...lines.flat().map(({ column, text }) => column + [...text].length));
  const width = Math.ceil(columns * LETTER) + 2 * MARGIN;
  const height = BAR + lines.length * LINE + MARGIN;
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (colour, index) => `<circle cx="${MARGIN + 4 + index * 18}" cy="${BAR / 2}" r="5.5" fill="${colour}"/>`,
  );
  const texts = lines.flatMap((runs, index) => runs.map((run) => textOf(run, BAR + (index + 0.7) * LINE)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(command)} in a terminal">
<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>
${dots.join("")}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${TEXT}">
${texts.join("\n")}
</g>
</svg>
`;
}

/** Runs of a line; blanks at its ends and between runs have no text of their own. */
function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let style = PLAIN;
  let column = 0;
  // The first part stands before any code; every other begins with one.
  for (const part of `m${line}`.split("\u001b[")) {
    const [, codes = "", text = ""] = /^([\d;]*)m(.*)$/.exec(part) ?? [];
    for (const code of codes.split(";")) style = styleAfter(style, Number(code));
    const shown = text.trim();
    if (shown !== "") runs.push({ text: shown, column: column + text.indexOf(shown), style });
    column += [...text].length;
  }
  return runs;
}

function styleAfter(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  return { ...style, colour: COLOURS[code] };
}

function textOf({ text, column, style }: Run, y: number): string {
  const attributes = [
    `x="${(MARGIN + column * LETTER).toFixed(1)}" y="${y}" textLength="${([...text].length * LETTER).toFixed(1)}"`,
    'lengthAdjust="spacingAndGlyphs" xml:space="preserve"',
    ...(style.bold ? ['font-weight="700"'] : []),
    ...(style.dim ? ['fill-opacity="0.62"'] : []),
    ...(style.colour === undefined ? [] : [`fill="${style.colour}"`]),
  ];
  return `<text ${attributes.join(" ")}>${escape(text)}</text>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
