import { posix } from "node:path";
import { cloudbuild, cloudscheduler, pubsub } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, type Input } from "@pulumi/pulumi";
import type { Environment } from "../settings.ts";
import { pullRequestBuild } from "./pullRequestBuild.ts";

export interface BuildTriggersArgs {
  readonly environment: Environment;
  /** Resource name of the Git repository, `projects/…/repositories/…`. */
  readonly repository: Input<string>;
  /** The protected branch that publishes. */
  readonly branch: string;
  /** The catalogue's folder in the repository. */
  readonly catalogue: string;
  /** Whether an image is built from the folder that holds the catalogue. */
  readonly readsBeside: boolean;
  /** Whether a push waits for a person's approval. */
  readonly approval: boolean;
  /** When the refresh runs: a cron expression in UTC, or off. */
  readonly refresh: string;
  /** Account of builds that publish, `projects/…/serviceAccounts/…`. */
  readonly publisherAccount: Input<string>;
  /** Account of builds that publish nothing: those of pull requests, and the refresh. */
  readonly checkerAccount: Input<string>;
  /** Address of the images' repository. */
  readonly images: Input<string>;
  /** The bucket with the environment's settings. */
  readonly store: Input<string>;
  /** The text of cloudbuild.yaml, as the build of a pull request is to run it. */
  readonly cloudBuild: string;
  /** Where the token is that a pull request's build comments with; without it the plan is in the log only. */
  readonly commentToken?: string;
}

type Substitutions = Readonly<Record<string, Input<string>>>;

/** What cloudbuild.yaml does: publish what changed, check a pull request, or say which bases have moved. */
type Mode = "publish" | "check" | "refresh";

/**
 * What starts a build: a push to the protected branch, a pull request, a person, and the week. All four run
 * cloudbuild.yaml, which runs the same `strata build`; they differ in mode and in who they are. A pull request runs the
 * file that the environment was brought up with, the others that of the protected branch.
 */
export class BuildTriggers extends ComponentResource {
  constructor(name: string, args: BuildTriggersArgs, options?: ComponentResourceOptions) {
    super("strata:index:BuildTriggers", name, {}, options);

    const everywhere: Substitutions = { _CATALOGUE: args.catalogue, _IMAGES: args.images, _STORE: args.store };
    const comment: Substitutions = args.commentToken === undefined ? {} : { _COMMENT_TOKEN: args.commentToken };
    const substitutions = (mode: Mode) => ({ _MODE: mode, ...everywhere, ...(mode === "check" ? comment : {}) });
    const trigger = (kind: string, description: string, mode: Mode, rest: cloudbuild.TriggerArgs) =>
      new cloudbuild.Trigger(
        `${name}-${kind}`,
        {
          project: args.environment.project,
          location: args.environment.region,
          name: `${args.environment.prefix}-${kind}`,
          description,
          serviceAccount: mode === "publish" ? args.publisherAccount : args.checkerAccount,
          substitutions: substitutions(mode),
          includeBuildLogs: "repositoryEventConfig" in rest ? "INCLUDE_BUILD_LOGS_WITH_STATUS" : undefined,
          ...rest,
        },
        { parent: this },
      );

    trigger("push", `Publishes what a push to ${args.branch} changed`, "publish", {
      filename: "cloudbuild.yaml",
      ...onInputs(args),
      repositoryEventConfig: { repository: args.repository, push: { branch: exactly(args.branch) } },
      ...(args.approval && { approvalConfig: { approvalRequired: true } }),
    });
    trigger("pull-request", "Plans and checks a pull request, and publishes nothing", "check", {
      build: pullRequestBuild(args.cloudBuild, Object.keys(substitutions("check"))),
      ...onInputs(args),
      repositoryEventConfig: {
        repository: args.repository,
        pullRequest: {
          branch: exactly(args.branch),
          commentControl: "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY",
        },
      },
    });
    trigger("manual", "Publishes what is missing, when a person asks", "publish", onBranch(args));
    if (args.refresh !== "off") {
      trigger("refresh", "Says which bases have moved and what that would rebuild", "refresh", {
        ...onBranch(args),
        pubsubConfig: { topic: schedule(this, name, args).id },
      });
    }

    this.registerOutputs({});
  }
}

/** Runs only when something was pushed that a key can depend on. */
function onInputs({ catalogue, readsBeside }: BuildTriggersArgs): Pick<cloudbuild.TriggerArgs, "includedFiles"> {
  // Google matches names, strata matches content: this must never be narrower than what a key is computed from.
  const inputs = posix.join(catalogue, readsBeside ? ".." : ".", "**");
  return inputs === "**" ? {} : { includedFiles: [inputs, "chain/**", "cloudbuild.yaml", "package-lock.json"] };
}

/** Runs the branch's newest cloudbuild.yaml. */
function onBranch({ repository, branch }: BuildTriggersArgs): cloudbuild.TriggerArgs {
  const revision = { repository, repoType: "GITHUB" };
  return {
    sourceToBuild: { ...revision, ref: `refs/heads/${branch}` },
    gitFileSource: { ...revision, path: "cloudbuild.yaml", revision: `refs/heads/${branch}` },
  };
}

/** A branch filter is a regular expression that Google searches for anywhere in the name. */
function exactly(branch: string): string {
  return `^${branch.replace(/[.+*?^${}()|[\]\\]/g, "\\$&")}$`;
}

/** A topic that the scheduler writes to when the refresh is due. */
function schedule(parent: BuildTriggers, name: string, args: BuildTriggersArgs): pubsub.Topic {
  const { project, region, prefix } = args.environment;
  const topic = new pubsub.Topic(`${name}-refresh`, { project, name: `${prefix}-refresh` }, { parent });
  new cloudscheduler.Job(
    `${name}-refresh`,
    {
      project,
      region,
      name: `${prefix}-refresh`,
      schedule: args.refresh,
      timeZone: "Etc/UTC",
      pubsubTarget: { topicName: topic.id, data: Buffer.from("refresh").toString("base64") },
    },
    { parent },
  );
  return topic;
}
