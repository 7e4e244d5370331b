import { Config, getStack, runtime } from "@pulumi/pulumi";
import { z } from "zod";
import type { Configuration } from "./chain/configuration.ts";
import { type Problem, UserError } from "./chain/errors.ts";
import { explainIssues, key } from "./settingsProse.ts";

const days = (example: string) => key(z.int().min(1).max(3650), "a whole number of days, 1 to 3650", example);

const machine = z.string().regex(/^[a-z][a-z0-9]*-[a-z]+-[0-9]+$/);

const member = key(
  z.string().regex(/^(user|group|serviceAccount|domain|principal|principalSet):\S+$/),
  'an IAM member such as "group:ml-platform@example.com"; never allUsers: images and caches are not public',
  "group:ml-platform@example.com",
);

const secretVersion = key(
  z.string().regex(/^projects\/[^/]+\/secrets\/[^/]+\/versions\/([0-9]+|latest)$/),
  "a version in Secret Manager, projects/PROJECT/secrets/NAME/versions/VERSION; the secret stays there",
  "projects/acme-images-dev/secrets/github-token/versions/1",
  "hidden",
);

/** How long things are kept. */
const retention = z.strictObject({
  /** How many of its newest keys each target keeps at least, whatever their age: how far back a roll-back can go. */
  keysPerTarget: key(z.int().min(1).max(100), "a whole number, 1 to 100", "10").default(10),
  /** Age at which a key's image beyond the newest keysPerTarget is deleted. */
  supersededDays: days("30").default(30),
  /** Age at which an image without a tag is deleted, but for the newest: what a build left that failed its checks. */
  untaggedDays: days("7").default(7),
  /** Age at which an image of a pull request is deleted. */
  scratchDays: days("3").default(3),
  /** Age at which a layer of BuildKit's cache is deleted. */
  layerCacheDays: days("30").default(30),
  /** Age at which a compiler's result is deleted: ccache never cleans a remote store itself. */
  compilerCacheDays: days("60").default(60),
  /** Age at which an uploaded build context is deleted. */
  contextDays: days("14").default(14),
  /** Age at which a build's record is deleted: the memory behind "about how long, about how much". */
  recordDays: days("730").default(730),
});

/** Where the catalogue's Git repository is, and how Cloud Build reaches it. */
const source = z.strictObject({
  /** The repository's address for cloning. */
  repository: key(
    z.url({ protocol: /^https$/ }).endsWith(".git"),
    "an https address that ends in .git",
    "https://github.com/acme/images.git",
  ),
  /** The protected branch whose pushes publish; a pull request towards it is planned and checked. */
  branch: key(z.string().regex(/^[A-Za-z0-9][\w./-]*$/), "a branch's name, not a pattern", "main").default("main"),
  /** An existing Cloud Build connection in the same region. Without it one is made from installation and token. */
  connection: key(z.string().regex(/^[a-z][a-z0-9-]*$/), "the short name of a connection", "github").optional(),
  /** The installation id of the Cloud Build GitHub App, for a connection that strata makes. */
  installation: key(z.int().positive(), "the number at the end of the app's installation page", "12345678").optional(),
  /** Where the connection's GitHub token is kept, for a connection that strata makes. */
  token: secretVersion.optional(),
  /**
   * Where a GitHub token is kept with which the build of a pull request attaches its plan to it; without one the plan is
   * in the build's log. The code of a pull request can read it, so it may do nothing but comment.
   */
  commentToken: secretVersion.optional(),
});

/** Every key of the namespace `strata:`; a key that is not here is refused. */
export const schema = z.strictObject({
  /** The catalogue's folder, relative to the repository. */
  catalogue: key(z.string().regex(/^[^/].*$/), "a folder, relative to Pulumi.yaml", "dockerfiles").default(
    "dockerfiles",
  ),
  /**
   * What builds the images: Cloud Build, or this machine's Docker. Docker keeps them to itself, so an environment of a
   * workstation has nothing on Google Cloud and needs no project.
   */
  builder: key(z.enum(["cloud-build", "docker"]), "cloud-build or docker", "cloud-build").default("cloud-build"),
  /**
   * What `pulumi up` does about an image that is not there: wait until it is published, submit its build and go on,
   * or leave images alone and bring up the infrastructure only.
   */
  images: key(z.enum(["wait", "submit", "none"]), "wait, submit or none", "wait").default("wait"),
  /** The image that the steps of a build run in: BuildKit's client and strata itself. Whoever builds needs it. */
  tool: key(
    z.string().regex(/^[a-z0-9.:-]+\/[^\s]+$/),
    "an image's reference, with its registry",
    "us-east4-docker.pkg.dev/acme-images-dev/tools/strata:0.1.0",
  ).optional(),
  /**
   * The image that lists what is in each built image, as BuildKit's SBOM scanners do (`docker/buildkit-syft-scanner` is
   * one). The list is attached to the image as an SPDX attestation, and is as good as the scanner: nothing checks it, and
   * stages before the published one are not in it. Without a scanner an image has its provenance and no list. Every build
   * pulls the scanner, so it is public or where the publisher may read; it sees all that is in the image, so it is named
   * by its digest. It is in no key: what is published already stays as it is.
   */
  sbomScanner: key(
    z.string().regex(/^[a-z0-9.:-]+\/\S+@sha256:[0-9a-f]{64}$/),
    "an image's reference, with its registry and its digest",
    `us-east4-docker.pkg.dev/acme-images-dev/tools/scanner@sha256:${"0".repeat(64)}`,
  ).optional(),
  /**
   * The BuildKit that images are built in, by its digest. Without it builds take the release that keys were compared
   * with, by its tag, which whoever holds the repository at Docker Hub could move. It runs privileged in builds that
   * publish. It is in no key; another release may count other inputs than a key does.
   */
  buildkit: key(
    z.string().regex(/^[a-z0-9.:-]+\/\S+@sha256:[0-9a-f]{64}$/),
    "an image's reference, with its registry and its digest",
    `docker.io/moby/buildkit:v0.34.2@sha256:${"0".repeat(64)}`,
  ).optional(),
  /** The environment whose images are copied here by digest. An environment that promotes never builds. */
  promoteFrom: key(
    z.string().regex(/^[\w.-]+(\/[\w.-]+\/[\w.-]+)?$/),
    "a stack's name, or organization/project/stack",
    "staging",
  ).optional(),
  /** Machines used in place of those that the catalogue names. A machine is never part of a key. */
  machines: key(
    z.record(machine, machine),
    "a map from a machine of the catalogue to one of Google's machine types",
    "c3-standard-88",
  ).default({}),
  /** Disk of a build machine, in GB. */
  diskGb: key(z.int().min(100).max(4000), "a whole number of GB, 100 to 4000", "500").default(500),
  /** Whether a build reaches the internet. `none` needs mirrors for every package that an image installs. */
  egress: key(z.enum(["public", "none"]), "public or none", "public").default("public"),
  /** The Git repository whose pushes build. Without it only `pulumi up` and `strata build` do. */
  source: source.optional(),
  /** Whether a build that a push started waits for a person's approval. */
  approval: key(z.boolean(), "true or false", "true").default(false),
  /** When the weekly refresh looks for newer bases, as a cron expression in UTC, or off. */
  refresh: key(
    z.string().regex(/^(off|\S+( \S+){4})$/),
    'a cron expression of five fields, or "off"',
    "0 4 * * 1",
  ).default("off"),
  /** Who may publish by hand: members who may act as the publisher. */
  publishers: z.array(member).default([]),
  /** Who may pull images. */
  readers: z.array(member).default([]),
  /** Whether Google scans images for known vulnerabilities (billed per image). */
  scanning: key(z.boolean(), "true or false", "true").default(true),
  /** Whether Pulumi refuses to delete the registry and the records, and their contents with them. */
  protect: key(z.boolean(), "true or false", "true").default(false),
  /** An account at Docker Hub for the mirror, which raises Docker Hub's limits. */
  dockerHub: z
    .strictObject({
      /** The account's name. */
      username: key(z.string().min(1), "an account's name", "acme-builds"),
      /** Where its password or access token is kept. */
      passwordSecret: secretVersion,
    })
    .optional(),
  /** How long each kind of thing is kept. */
  retention: retention.prefault({}),
});

/** A stack: the name that everything in it starts with, and where it is. */
export interface Environment {
  /** The stack's name. */
  readonly name: string;
  /** Google Cloud project id; empty for a workstation. */
  readonly project: string;
  /** Region of everything that has one; empty for a workstation. */
  readonly region: string;
  /** What the names of this environment's resources start with; two environments can share a project. */
  readonly prefix: string;
}

/** The configuration of one environment, checked. */
export type Settings = Readonly<z.infer<typeof schema>> & { readonly environment: Environment };

export type Retention = Settings["retention"];
export type Source = NonNullable<Settings["source"]>;

/** Reads the configuration of the stack that is being deployed. Throws one UserError that names every mistake. */
export function readSettings(): Settings {
  const gcp = new Config("gcp");
  return parseSettings({
    stack: getStack(),
    project: gcp.get("project"),
    region: gcp.get("region"),
    values: runtime.allConfig(),
  });
}

/** The same of an environment that nobody deploys now, from what its file `Pulumi.<environment>.yaml` configures. */
export function settingsIn(environment: string, configuration: Configuration): Settings {
  const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
  const named = (name: string) => (configuration[name] === undefined ? undefined : String(configuration[name]));
  return parseSettings({
    stack: environment,
    project: named("gcp:project"),
    region: named("gcp:region"),
    values: Object.fromEntries(Object.entries(configuration).map(([name, value]) => [name, text(value)])),
  });
}

/** Configuration as Pulumi keeps it. */
export interface RawSettings {
  readonly stack: string;
  readonly project: string | undefined;
  readonly region: string | undefined;
  /** Every configuration value by its full key, objects as JSON text; keys of other namespaces are left alone. */
  readonly values: Readonly<Record<string, string>>;
}

/** Checks a stack's configuration and fills in the defaults. Throws one UserError that names every mistake. */
export function parseSettings(raw: RawSettings): Settings {
  const file = `Pulumi.${raw.stack}.yaml`;
  const values = Object.fromEntries(
    Object.entries(raw.values).flatMap(([name, text]) =>
      name.startsWith("strata:") ? [[name.slice("strata:".length), decode(text)]] : [],
    ),
  );
  const parsed = schema.safeParse(values);
  const problems = [
    ...(values.builder === "docker" ? [] : environmentProblems(raw)),
    ...(parsed.success ? conflicts(parsed.data, raw.stack) : explainIssues(schema, parsed.error.issues, values)),
  ].map((problem): Problem => ({ ...problem, at: { file } }));

  const [first, ...others] = problems;
  if (first && others.length === 0) throw new UserError(first);
  if (first || !parsed.success) {
    throw new UserError({ problem: problems.map((one) => new UserError(one).message).join("\n") });
  }
  const { stack: name, project = "", region = "" } = raw;
  return { ...parsed.data, environment: { name, project, region, prefix: `strata-${name}` } };
}

/** Objects, numbers and booleans reach a program as JSON text, strings as they are. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function environmentProblems({ stack, project, region }: RawSettings): Problem[] {
  const problems: Problem[] = [];
  if (!/^[a-z][a-z0-9-]{0,11}$/.test(stack)) {
    problems.push({
      problem: "the stack's name cannot start the names of its service accounts and buckets",
      value: stack,
      allowed: "a lower-case letter, then at most 11 lower-case letters, digits or hyphens",
      fix: "pulumi stack rename dev",
    });
  }
  if (!project || !/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(project)) {
    problems.push({
      problem: "gcp:project does not name a Google Cloud project",
      value: project ?? "nothing",
      allowed: "a project's id: 6 to 30 lower-case letters, digits and hyphens",
      fix: "pulumi config set gcp:project acme-images-dev",
    });
  }
  if (!region || !/^[a-z]+-[a-z]+[0-9]+$/.test(region)) {
    problems.push({
      problem: "gcp:region does not name a region",
      value: region ?? "nothing",
      allowed: "a region (not a zone) that has the machines of the catalogue",
      fix: "pulumi config set gcp:region us-east4",
    });
  }
  return problems;
}

/** Settings that are right one by one and wrong together. */
function conflicts(settings: z.infer<typeof schema>, stack: string): Problem[] {
  const problems: Problem[] = [];
  if (settings.promoteFrom?.split("/").at(-1) === stack) {
    problems.push({
      problem: "strata:promoteFrom names this environment itself",
      value: settings.promoteFrom,
      allowed: "another environment",
      fix: "pulumi config rm strata:promoteFrom",
    });
  }
  if (settings.promoteFrom && settings.source) {
    problems.push({
      problem: "strata:source builds on every push, strata:promoteFrom never builds",
      value: `promoteFrom ${settings.promoteFrom}, source ${settings.source.repository}`,
      allowed: "one of the two",
      fix: "pulumi config rm strata:source",
    });
  }
  if (settings.builder === "docker") problems.push(...workstationConflicts(settings));
  else if (!settings.promoteFrom && settings.images !== "none" && !settings.tool) {
    problems.push({
      problem: "strata:tool is missing: images are built here, and a build's steps run in that image",
      value: "nothing",
      allowed: "an image's reference, or strata:images none, or strata:promoteFrom",
      fix: "pulumi config set strata:tool us-east4-docker.pkg.dev/acme-images-dev/tools/strata:0.1.0",
    });
  }
  const { connection, installation, token } = settings.source ?? { connection: "none needed" };
  if (!connection && (installation === undefined || token === undefined)) {
    problems.push({
      problem: "strata:source has neither an existing connection nor what is needed to make one",
      value: installation === undefined ? "no connection, no installation" : "no connection, no token",
      allowed: "connection, or installation and token",
      fix: "pulumi config set --path strata:source.connection github",
    });
  }
  return problems;
}

/** Settings of an environment on Google Cloud that would do nothing on a workstation. */
function workstationConflicts(settings: z.infer<typeof schema>): Problem[] {
  const { promoteFrom, source, images, tool, sbomScanner, buildkit } = settings;
  const given = {
    promoteFrom,
    source: source?.repository,
    images: images === "wait" ? undefined : images,
    tool,
    sbomScanner,
    buildkit,
  };
  return Object.entries(given).flatMap(([name, value]): Problem[] => {
    if (value === undefined) return [];
    return [
      {
        problem: `strata:${name} does nothing where this machine's Docker builds (strata:builder docker)`,
        value,
        allowed: "cloud-build, or an environment without it",
        fix: `pulumi config rm strata:${name}`,
      },
    ];
  });
}
