import { read } from "../ask.ts";
import { bringUp, type Check, good, wrong } from "../finding.ts";
import { namesIn } from "../names.ts";

interface Bucket {
  readonly location?: string;
  readonly iamConfiguration?: { readonly publicAccessPrevention?: string };
}

/** The buckets of builds and of ccache: there, in the region, and closed to the public. */
export const bucketsCheck: Check = {
  subject: "buckets",
  asksGoogle: true,
  async run(patient) {
    const { environment, promoteFrom } = patient.settings;
    const { store, compilerCache } = namesIn(environment);
    const wanted = promoteFrom === undefined ? [store, compilerCache] : [store];
    const problems = await Promise.all(
      wanted.map(async (name) => {
        const bucket = await read<Bucket>(patient.api, "storage", `b/${name}`, `read the bucket ${name}`);
        if (bucket === undefined) return `there is no bucket ${name}`;
        if (bucket.location?.toLowerCase() !== environment.region) return `${name} is in ${bucket.location}`;
        const closed = bucket.iamConfiguration?.publicAccessPrevention === "enforced";
        return closed ? undefined : `${name} could be opened to the public`;
      }),
    );
    const found = problems.filter((problem) => problem !== undefined);
    return found.length === 0 ? good(wanted.join(", ")) : wrong(found.join("; "), bringUp(patient));
  },
};
