import type { projects, serviceaccount } from "@pulumi/gcp";
import type { Unwrap } from "@pulumi/pulumi";
import type { Kind } from "../standIn/kind.ts";
import { body, changedSince } from "./body.ts";
import { call, find, finished, type Json, orAbsent } from "./calls.ts";

/** gcp:projects/service:Service */
export const service: Kind<Unwrap<projects.ServiceArgs>> = {
  immutable: ["project", "service"],
  deleteFirst: false,
  computed: [],

  async create({ project, service }) {
    if (!(await enabled(`${project}`)).has(service)) {
      const operation = await call("serviceUsage", "POST", `projects/${project}/services/${service}:enable`, {
        body: {},
      });
      await finished("serviceUsage", operation);
      await enabled(`${project}`);
      await call("resourceManager", "GET", `projects/${project}`);
      await enabled(`${project}`);
    }
    return { id: `${project}/${service}`, outputs: {} };
  },

  async read(_, { project, service }) {
    const found = await find("resourceManager", `projects/${project}`);
    return found && (await enabled(`${project}`)).has(service) ? {} : undefined;
  },

  /** What happens to the service when it goes is kept in the state only. */
  async update() {
    return {};
  },

  async delete(_, { project, service, disableOnDestroy }) {
    if (!disableOnDestroy) return;
    const path = `projects/${project}/services/${service}:disable`;
    await finished(
      "serviceUsage",
      await call("serviceUsage", "POST", path, { body: { checkIfServiceHasUsage: "SKIP" } }),
    );
  },
};

async function enabled(project: string): Promise<ReadonlySet<string>> {
  const names = new Set<string>();
  let pageToken: string | undefined;
  do {
    const page = await call("serviceUsage", "GET", `projects/${project}/services`, {
      query: {
        fields: "services/name,nextPageToken",
        filter: "state:ENABLED",
        pageSize: "200",
        ...(pageToken && { pageToken }),
      },
    });
    for (const { name } of (page.services ?? []) as { name: string }[]) names.add(name.split("/").at(-1) ?? "");
    pageToken = page.nextPageToken as string | undefined;
  } while (pageToken);
  return names;
}

type AccountOutputs = { name: string; email: string; member: string; uniqueId: string };

function accountOutputs(answer: Json): AccountOutputs {
  const { name, email, uniqueId } = answer as { name: string; email: string; uniqueId?: string };
  return { name, email, member: `serviceAccount:${email}`, uniqueId: uniqueId ?? "" };
}

async function readThrice(id: string): Promise<Json> {
  for (let look = 0; look < 2; look++) await call("iam", "GET", id);
  return call("iam", "GET", id);
}

/** gcp:serviceaccount/account:Account. The 10 seconds that pulumi-gcp sleeps after creation are left out. */
export const account: Kind<Unwrap<serviceaccount.AccountArgs>, AccountOutputs> = {
  immutable: ["accountId", "project"],
  deleteFirst: true,
  computed: ["name", "email", "member", "uniqueId"],

  async create({ project, accountId, displayName, description }) {
    const made = await call("iam", "POST", `projects/${project}/serviceAccounts`, {
      body: { accountId, serviceAccount: body({ displayName, description }) },
    });
    const id = `projects/${project}/serviceAccounts/${made.email}`;
    return { id, outputs: accountOutputs(await readThrice(id)) };
  },

  async read(id, { displayName, description }) {
    const found = await find("iam", id);
    return found && { ...changedSince(body({ displayName, description }), found), ...accountOutputs(found) };
  },

  async update(id, olds, { displayName, description }) {
    const { etag } = await call("iam", "GET", id);
    const changed = [
      ...(olds.displayName === displayName ? [] : ["display_name"]),
      ...(olds.description === description ? [] : ["description"]),
    ];
    await call("iam", "PATCH", id, {
      body: { serviceAccount: body({ displayName, description, etag }), updateMask: changed.join(",") },
    });
    return accountOutputs(await readThrice(id));
  },

  async delete(id) {
    await orAbsent(call("iam", "DELETE", id));
  },
};
