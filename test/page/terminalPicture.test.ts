import { terminalPicture } from "../../docs/generate/pictures/terminalPicture.ts";

test("a picture of a terminal has each run of letters in its column, style and colour, and no markup from the text", () => {
  const svg = terminalPicture(
    "run",
    "\u001b[1ma <b>\u001b[22m   \u001b[33mbuild\u001b[39m\n\u001b[2m└─ \u001b[22mdone\n",
  );
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="[\d.]+" textLength="([\d.]+)"([^>]*)>([^<]*)<\/text>/g)];
  const shown = texts.map(([, x, length, style = "", text]) => [
    Math.round((Number(x) - 20) / 8.4),
    Math.round(Number(length) / 8.4),
    /font-weight|fill-opacity|fill=/.exec(style)?.[0],
    text,
  ]);
  expect(shown).toEqual([
    [0, 1, "fill=", "$"],
    [2, 3, undefined, "run"],
    [0, 5, "font-weight", "a &lt;b&gt;"],
    [8, 5, "fill=", "build"],
    [0, 2, "fill-opacity", "└─"],
    [3, 4, undefined, "done"],
  ]);
});
