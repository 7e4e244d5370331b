import type { cloudscheduler, pubsub } from "@pulumi/gcp";
import type { Unwrap } from "@pulumi/pulumi";
import { changedInputs, type Kind } from "../standIn/kind.ts";
import { attribution, body, changedSince, ownLabels } from "./body.ts";
import { call, find, type Json, orAbsent } from "./calls.ts";

type Topic = Unwrap<pubsub.TopicArgs>;

const topicBody = ({ labels, messageRetentionDuration }: Topic): Json =>
  body({ labels: { ...labels, ...attribution }, messageRetentionDuration });

/** gcp:pubsub/topic:Topic */
export const topic: Kind<Topic> = {
  immutable: ["name", "project"],
  deleteFirst: true,
  computed: [],

  async create(inputs) {
    const id = `projects/${inputs.project}/topics/${inputs.name}`;
    await call("pubsub", "PUT", id, { body: topicBody(inputs) });
    for (let look = 0; look < 2; look++) await call("pubsub", "GET", id);
    return { id, outputs: {} };
  },

  async read(id, state) {
    const found = await find("pubsub", id);
    return (
      found &&
      changedSince(topicBody(state), found, (field, now) => ({ [field]: field === "labels" ? ownLabels(now) : now }))
    );
  },

  async update(id, olds, news) {
    const updateMask = changedInputs(olds as Json, news as Json).join(",");
    await call("pubsub", "PATCH", id, { query: { updateMask }, body: { topic: topicBody(news) } });
    await call("pubsub", "GET", id);
    return {};
  },

  async delete(id) {
    await orAbsent(call("pubsub", "DELETE", id));
  },
};

/** gcp:cloudscheduler/job:Job. Its inputs are Google's own fields, so they travel as they are. */
export const job: Kind<Unwrap<cloudscheduler.JobArgs>> = {
  immutable: ["name", "project", "region"],
  deleteFirst: true,
  computed: [],

  async create({ project, region, name, paused, ...fields }) {
    const path = `projects/${project}/locations/${region}/jobs`;
    const id = `${path}/${name}`;
    await call("cloudScheduler", "POST", path, { body: body({ ...(fields as Json), name: id }) });
    await call("cloudScheduler", "POST", `${id}:${paused ? "pause" : "resume"}`, { body: {} });
    await call("cloudScheduler", "GET", id);
    return { id, outputs: {} };
  },

  async read(id, { project, region, name, paused, ...fields }) {
    const found = await find("cloudScheduler", id);
    if (!found) return undefined;
    const pausedNow = found.state === "PAUSED";
    return {
      ...changedSince(body(fields as Json), found),
      ...((paused ?? false) !== pausedNow && { paused: pausedNow }),
    };
  },

  async update(id, olds, { project, region, name, paused, ...fields }) {
    await call("cloudScheduler", "PATCH", id, { body: body(fields as Json) });
    if (olds.paused !== paused) {
      await call("cloudScheduler", "POST", `${id}:${paused ? "pause" : "resume"}`, { body: {} });
    }
    await call("cloudScheduler", "GET", id);
    return {};
  },

  async delete(id) {
    await orAbsent(call("cloudScheduler", "DELETE", id));
  },
};
