/** Versions of PyTorch and what each was released with (PyTorch's and torchvision's release notes, to November 2026). */
export interface TorchRelease {
  readonly torch: string;
  readonly vision: string;
  /** Absent where torchaudio was not released for it. */
  readonly audio?: string;
  /** CUDA versions that official wheels exist for. */
  readonly cuda: readonly string[];
  /** First and last minor version of Python 3. */
  readonly python: readonly [number, number];
}

/** One row for each release. */
export const TORCH_RELEASES: readonly TorchRelease[] = [
  { torch: "2.4.1", vision: "0.19.1", audio: "2.4.1", cuda: ["11.8", "12.1", "12.4"], python: [8, 12] },
  { torch: "2.5.0", vision: "0.20.0", audio: "2.5.0", cuda: ["11.8", "12.1", "12.4"], python: [9, 12] },
  { torch: "2.5.1", vision: "0.20.1", audio: "2.5.1", cuda: ["11.8", "12.1", "12.4"], python: [9, 12] },
  { torch: "2.6.0", vision: "0.21.0", audio: "2.6.0", cuda: ["11.8", "12.4", "12.6"], python: [9, 13] },
  { torch: "2.7.1", vision: "0.22.1", audio: "2.7.1", cuda: ["11.8", "12.6", "12.8"], python: [9, 13] },
  { torch: "2.8.0", vision: "0.23.0", audio: "2.8.0", cuda: ["12.6", "12.8", "12.9"], python: [9, 13] },
  { torch: "2.9.1", vision: "0.24.1", audio: "2.9.1", cuda: ["12.6", "12.8", "13.0"], python: [10, 14] },
  { torch: "2.10.0", vision: "0.25.0", audio: "2.10.0", cuda: ["12.6", "12.8", "13.0"], python: [10, 14] },
  { torch: "2.11.0", vision: "0.26.0", audio: "2.11.0", cuda: ["12.6", "12.8", "12.9", "13.0"], python: [10, 14] },
  { torch: "2.13.0", vision: "0.28.0", cuda: ["12.6", "13.0", "13.2"], python: [10, 14] },
];

/** Names of build args that carry a version, in the spellings that Dockerfiles use. */
const ARG_NAMES = {
  torch: ["TORCH_VERSION", "PYTORCH_VERSION"],
  vision: ["TORCHVISION_VERSION", "VISION_VERSION"],
  audio: ["TORCHAUDIO_VERSION", "AUDIO_VERSION"],
  cuda: ["CUDA_VERSION"],
  python: ["PYTHON_VERSION"],
} as const;

/** A version that does not go with its torch. */
export interface WrongPair {
  /** The build arg. */
  readonly arg: string;
  readonly value: string;
  readonly problem: string;
  readonly allowed: string;
}

/** The versions among build args that do not belong to the torch beside them. An unknown torch release is not judged. */
export function wrongPairs(args: Readonly<Record<string, string>>): readonly WrongPair[] {
  const torch = given(args, "torch");
  const release = TORCH_RELEASES.find((one) => one.torch === torch?.value);
  if (!torch || !release) return [];
  const wrong: WrongPair[] = [];
  const expect = (kind: keyof typeof ARG_NAMES, fits: (value: string) => boolean, allowed: string) => {
    const one = given(args, kind);
    if (!one || fits(one.value)) return;
    const other = TORCH_RELEASES.find((candidate) => candidate[kind as "vision" | "audio"] === one.value);
    const belongs = other ? `; ${one.value} belongs to torch ${other.torch}` : "";
    wrong.push({
      ...one,
      problem: `${one.arg} ${one.value} does not go with torch ${release.torch}${belongs}`,
      allowed,
    });
  };
  expect("vision", (value) => value === release.vision, release.vision);
  expect(
    "audio",
    (value) => value === release.audio,
    release.audio ?? "no torchaudio: it was not released for this torch",
  );
  expect("cuda", (value) => release.cuda.includes(value.split(".").slice(0, 2).join(".")), release.cuda.join(", "));
  const [first, last] = release.python;
  expect("python", (value) => withinPython(value, first, last), `3.${first} to 3.${last}`);
  return wrong;
}

function given(
  args: Readonly<Record<string, string>>,
  kind: keyof typeof ARG_NAMES,
): { arg: string; value: string } | undefined {
  for (const arg of ARG_NAMES[kind]) {
    const value = args[arg];
    if (value !== undefined) return { arg, value };
  }
  return undefined;
}

function withinPython(value: string, first: number, last: number): boolean {
  const minor = /^3\.(\d+)/.exec(value)?.[1];
  return minor !== undefined && Number(minor) >= first && Number(minor) <= last;
}
