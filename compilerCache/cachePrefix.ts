/** What entries of one prefix have in common; entries of different prefixes never answer for each other. */
export interface CacheTraits {
  /** For example `12.4.1`. */
  readonly cuda: string;
  /** For example `gcc-11.4`. */
  readonly compiler: string;
  /** For example `7.5;8.0;8.6;8.9;9.0`, as TORCH_CUDA_ARCH_LIST has it; the order does not count. */
  readonly architectures: string;
  /** For example `2.6.0`. */
  readonly torch: string;
}

/**
 * The prefix for builds with these traits: `cuda-12.4.1/gcc-11.4/sm-7.5-8.0/torch-2.6.0`. ccache's own keys hold all
 * of it too; separate prefixes make hit rates comparable and let a bucket's life-cycle rule drop an old combination.
 */
export function cachePrefix({ cuda, compiler, architectures, torch }: CacheTraits): string {
  const list = architectures.split(/[;,\s]+/).filter(Boolean);
  const sorted = [...new Set(list)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return [`cuda-${cuda}`, compiler, `sm-${sorted.join("-")}`, `torch-${torch}`].map(segment).join("/");
}

function segment(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, "_");
}
