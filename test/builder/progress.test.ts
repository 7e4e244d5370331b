import { LogReader, progressIn } from "../../builder/progress.ts";

test("a marker is found behind what BuildKit puts before it", () => {
  const line = '#12 1234.5 STRATA-PROGRESS 70 "PyTorch built" gem="First Harmonic: Ruby, Emerald, Topaz" elapsed=1234s';
  expect(progressIn(line)).toEqual({
    percent: 70,
    what: "PyTorch built",
    gem: "First Harmonic: Ruby, Emerald, Topaz",
  });
  expect(progressIn('STRATA-PROGRESS 5 "sources fetched" elapsed=3s')).toEqual({ percent: 5, what: "sources fetched" });
});

test.each([
  'STRATA-PROGRESS 101 "x" elapsed=1s',
  'STRATA-PROGRESS 007 "x" elapsed=1s',
  'STRATA-PROGRESS 5 "" elapsed=1s',
  'STRATA-PROGRESS 5 "x"',
  "RUN progress 70",
])("%s is no marker", (line) => {
  expect(progressIn(line)).toBeUndefined();
});

test("a log that comes in pieces, cut in lines and in characters, reads as the whole", () => {
  const log = Buffer.from('erste Zeile: ü\nSTRATA-PROGRESS 40 "übersetzt" elapsed=9s\nSTRATA-VERIFIED 3 checks\nend');
  for (let size = 1; size < 12; size++) {
    const reader = new LogReader();
    for (let at = 0; at < log.length; at += size) reader.take(log.subarray(at, at + size));
    expect(reader.progress).toEqual({ percent: 40, what: "übersetzt" });
    expect(reader.verified).toBe(true);
    expect(reader.offset).toBe(log.length);
    expect(reader.lastLines).toEqual(log.toString().split("\n"));
  }
});

test("progress never goes back, and only the last lines are kept", () => {
  const reader = new LogReader();
  reader.take(Buffer.from('STRATA-PROGRESS 60 "a" elapsed=1s\nSTRATA-PROGRESS 20 "b" elapsed=1s\n'));
  expect(reader.progress?.percent).toBe(60);
  reader.take(Buffer.from(Array.from({ length: 500 }, (_, n) => `line ${n}\n`).join("")));
  expect(reader.lastLines).toHaveLength(20);
  expect(reader.lastLines.at(-1)).toBe("line 499");
});
