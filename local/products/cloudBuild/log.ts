import type { Cloud } from "../../cloud.ts";
import { GoogleError } from "../../http/errors.ts";
import type { Caller } from "../../identity/tokens.ts";
import { writeLog } from "../logging.ts";
import { findProject } from "../projects.ts";
import { type Bucket, makeBucket } from "../storage/buckets.ts";
import { putObject } from "../storage/objectStore.ts";
import { type Build, locationOfBuild } from "./build.ts";

/** How long lines are gathered before the object is written anew, in milliseconds. */
const GATHER_MS = 200;

/** The log of one build: an object in its logs bucket that grows, entries in Cloud Logging, or both. */
export class BuildLog {
  readonly #cloud: Cloud;
  readonly #build: Build;
  readonly #object: { readonly bucket: string; readonly name: string } | undefined;
  readonly #entries: boolean;
  #text = "";
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  /**
   * @throws GoogleError 403 where the build's account may not write the log.
   */
  constructor(cloud: Cloud, build: Build, caller: Caller) {
    this.#cloud = cloud;
    this.#build = build;
    const logging = build.options?.logging ?? "LEGACY";
    this.#entries = logging !== "GCS_ONLY" && logging !== "NONE";
    this.#object =
      logging === "NONE" || logging === "CLOUD_LOGGING_ONLY" || logging === "STACKDRIVER_ONLY"
        ? undefined
        : this.#target();
    if (this.#object) {
      const resource = `projects/_/buckets/${this.#object.bucket}/objects/${this.#object.name}`;
      cloud.access.require(caller, "storage.objects.create", resource, "storage.googleapis.com");
      if (!cloud.documents.get("storage.buckets", this.#object.bucket)) {
        throw new GoogleError("NOT_FOUND", `The logs bucket ${this.#object.bucket} does not exist`);
      }
    }
    if (this.#entries && build.serviceAccount) {
      cloud.access.require(
        caller,
        "logging.logEntries.create",
        `projects/${build.projectId}`,
        "logging.googleapis.com",
      );
    }
  }

  /** Adds a line. */
  line(text: string): void {
    this.#text += `${text}\n`;
    if (this.#entries) {
      writeLog(this.#cloud, this.#build.projectId, {
        logName: `projects/${this.#build.projectId}/logs/cloudbuild`,
        resource: { type: "build", labels: { build_id: this.#build.id, project_id: this.#build.projectId } },
        timestamp: new Date().toISOString(),
        textPayload: text,
      });
    }
    if (this.#object) this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  /** Writes what has been gathered. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (!this.#object || this.#cloud.stopped) return;
    const blob = await this.#cloud.blobs.write(Buffer.from(this.#text));
    if (this.#cloud.stopped) return;
    putObject(this.#cloud, this.#object.bucket, this.#object.name, blob, { contentType: "text/plain" });
  }

  /** Where the log goes; Google's own bucket, which nobody but Google reads, is left out. */
  #target(): { readonly bucket: string; readonly name: string } | undefined {
    const { logsBucket, options = {}, projectId, id } = this.#build;
    const [bucket = "", ...folder] = (logsBucket ?? "")
      .replace(/^gs:\/\//, "")
      .split("/")
      .filter(Boolean);
    if (bucket !== "") return { bucket, name: [...folder, `log-${id}.txt`].join("/") };
    if (options.defaultLogsBucketBehavior !== "REGIONAL_USER_OWNED_BUCKET") return undefined;
    const location = locationOfBuild(this.#build);
    const number = findProject(this.#cloud.documents, projectId)?.projectNumber;
    const own = `${number}-${location}-cloudbuild-logs`;
    if (!this.#cloud.documents.get<Bucket>("storage.buckets", own))
      makeBucket(this.#cloud, projectId, own, { location });
    return { bucket: own, name: `log-${id}.txt` };
  }
}
