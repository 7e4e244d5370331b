import type { artifactregistry } from "@pulumi/gcp";
import type { Unwrap } from "@pulumi/pulumi";
import { changedInputs, type Kind } from "../standIn/kind.ts";
import { attribution, body, changedSince, ownLabels } from "./body.ts";
import { call, find, finished, type Json, orAbsent } from "./calls.ts";

type Inputs = Unwrap<artifactregistry.RepositoryArgs>;
type Outputs = { name: string; registryUri: string };

const computed = ["name", "registryUri"] as const;

/** What an upstream's account travels under in a mask. */
const account = "remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials";

const path = ({ project, location }: Inputs) => `projects/${project}/locations/${location}/repositories`;

function outputs({ repositoryId }: Inputs, { registryUri }: Json): Outputs {
  return { name: repositoryId, registryUri: `${registryUri}` };
}

/** gcp:artifactregistry/repository:Repository */
export const repository: Kind<Inputs, Outputs> = {
  immutable: ["format", "location", "mode", "project", "remoteRepositoryConfig", "repositoryId"],
  // Of an upstream, only the account can change.
  changesInPart: (name, { remoteRepositoryConfig: before }, { remoteRepositoryConfig: after }) =>
    name === "remoteRepositoryConfig" &&
    before !== undefined &&
    after !== undefined &&
    changedInputs(before, after).every((field) => field === "upstreamCredentials"),
  // As in pulumi-gcp: the resource option deleteBeforeReplace turns it round.
  deleteFirst: false,
  computed,

  async create(inputs) {
    const query = { repository_id: inputs.repositoryId };
    await finished(
      "artifactRegistry",
      await call("artifactRegistry", "POST", path(inputs), { query, body: wire(inputs) }),
    );
    const id = `${path(inputs)}/${inputs.repositoryId}`;
    return { id, outputs: outputs(inputs, await call("artifactRegistry", "GET", id)) };
  },

  async read(id, state) {
    const found = await find("artifactRegistry", id);
    return found && { ...outputs(state, found), ...changedSince(wire(state), found, asInputs) };
  },

  async update(id, olds, news) {
    const changedFields = changedInputs(inputsOf(olds), inputsOf(news));
    const updateMask = changedFields
      .map((field) =>
        field === "remoteRepositoryConfig" ? `${account}.username,${account}.passwordSecretVersion` : field,
      )
      .join(",");
    // Policies and labels are in every body, masked or not.
    const changed = { cleanupPolicies: {}, ...wire(news) };
    await call("artifactRegistry", "PATCH", id, { query: { updateMask }, body: changed });
    return outputs(news, await call("artifactRegistry", "GET", id));
  },

  async delete(id) {
    const operation = await orAbsent(call("artifactRegistry", "DELETE", id));
    if (operation) await finished("artifactRegistry", operation);
  },
};

/** The inputs among the properties of a state. */
function inputsOf({ registryUri: _, name: __, ...inputs }: Inputs & Partial<Outputs>): Json {
  return inputs;
}

function wire(inputs: Inputs): Json {
  const { immutableTags } = inputs.dockerConfig ?? {};
  return body({
    format: inputs.format,
    mode: inputs.mode ?? "STANDARD_REPOSITORY",
    description: inputs.description,
    labels: { ...inputs.labels, ...attribution },
    // Set to false it is not sent at all.
    dockerConfig: immutableTags ? { immutableTags } : undefined,
    cleanupPolicies: inputs.cleanupPolicies && policies(inputs.cleanupPolicies),
    cleanupPolicyDryRun: inputs.cleanupPolicyDryRun,
    vulnerabilityScanningConfig: inputs.vulnerabilityScanningConfig,
    remoteRepositoryConfig: inputs.remoteRepositoryConfig && { noCache: null, ...inputs.remoteRepositoryConfig },
  });
}

function asInputs(field: string, now: unknown): Json {
  if (field === "labels") return { labels: ownLabels(now) };
  if (field !== "cleanupPolicies") return { [field]: now };
  return { cleanupPolicies: Object.entries((now ?? {}) as Json).map(([id, policy]) => ({ id, ...(policy as Json) })) };
}

/** Policies travel as a map by their id. */
function policies(list: NonNullable<Inputs["cleanupPolicies"]>): Json {
  return Object.fromEntries(
    list.map(({ id, condition, ...rest }) => [
      id,
      { ...rest, ...(condition && { condition: { tagState: "ANY", ...condition } }) },
    ]),
  );
}
