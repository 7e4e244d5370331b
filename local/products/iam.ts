import { createHash } from "node:crypto";
import { GoogleError, invalid, unimplemented } from "../http/errors.ts";
import { applyMask, readMask } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { policyMethods, retireMember } from "./policies.ts";
import { type Behaviours, type Call, type Product, targetOf } from "./product.ts";
import { createNamed, fetch, type ResourceKind, resourceMethods, store } from "./resources.ts";

const ACCOUNTS: ResourceKind = {
  collection: "iam.serviceAccounts",
  methods: "iam.projects.serviceAccounts",
  schema: "ServiceAccount",
  plural: "accounts",
  segment: "serviceAccounts",
  permissions: "iam.serviceAccounts",
  onDelete: (call, name) => {
    const { email, uniqueId } = fetch(ACCOUNTS, call, name);
    retireMember(call.cloud, `serviceAccount:${email}`, String(uniqueId));
  },
};

const ROLES: ResourceKind = {
  collection: "iam.roles",
  methods: "iam.projects.roles",
  schema: "Role",
  plural: "roles",
  permissions: "iam.roles",
};

/** A new etag for what a resource has become. */
function etagOf(message: Message): string {
  return createHash("sha256").update(JSON.stringify(message)).digest("base64").slice(0, 12);
}

function createAccount(call: Call): Message {
  const project = targetOf(call);
  const { accountId, serviceAccount = {} } = call.body as { accountId?: string; serviceAccount?: Message };
  if (!accountId || !/^[a-z]([-a-z0-9]{4,28}[a-z0-9])$/.test(accountId)) {
    throw invalid(`Invalid account id '${accountId}': 6 to 30 lower-case letters, digits and dashes`);
  }
  const projectId = project.split("/")[1] ?? "";
  const email = `${accountId}@${projectId}.iam.gserviceaccount.com`;
  const name = `${project}/serviceAccounts/${email}`;
  const uniqueId = BigInt(
    `0x${createHash("sha256")
      .update(name + Date.now())
      .digest("hex")
      .slice(0, 14)}`,
  );
  const fields = {
    ...serviceAccount,
    name,
    email,
    projectId,
    uniqueId: `1${uniqueId}`,
    oauth2ClientId: `1${uniqueId}`,
  };
  return createNamed(ACCOUNTS, call, name, project, { ...fields, etag: etagOf(fields) });
}

function patchAccount(call: Call): Message {
  const { serviceAccount = {}, updateMask } = call.body as { serviceAccount?: Message; updateMask?: string };
  if (!updateMask) throw invalid("updateMask is required");
  const name = accountName(call);
  const stored = fetch(ACCOUNTS, call, name);
  if (serviceAccount.etag !== undefined && serviceAccount.etag !== stored.etag) {
    throw new GoogleError("ABORTED", "The service account has been changed since it was read.");
  }
  const after = applyMask(stored, serviceAccount, readMask(call.definitions, "ServiceAccount", updateMask));
  return store(ACCOUNTS, call, name, stored, { ...after, etag: etagOf({ ...after, was: stored.etag }) });
}

/** The account's full name: a path may say `projects/-` where the email says the project. */
export function accountName(call: Call): string {
  const name = targetOf(call);
  const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(name)?.[1];
  return project ? name.replace(/^projects\/-\//, `projects/${project}/`) : name;
}

function setDisabled(disabled: boolean): (call: Call) => Message {
  return (call) => {
    const { disabled: _was, ...rest } = fetch(ACCOUNTS, call, accountName(call));
    call.cloud.documents.put("iam.serviceAccounts", accountName(call), disabled ? { ...rest, disabled } : rest);
    return {};
  };
}

const accountMethods = resourceMethods(ACCOUNTS);

const ACCOUNT_METHODS: Behaviours = {
  ...accountMethods,
  "iam.projects.serviceAccounts.create": { permission: "iam.serviceAccounts.create", run: createAccount },
  "iam.projects.serviceAccounts.get": {
    permission: "iam.serviceAccounts.get",
    on: accountName,
    run: (call) => fetch(ACCOUNTS, call, accountName(call)),
  },
  "iam.projects.serviceAccounts.patch": {
    permission: "iam.serviceAccounts.update",
    on: accountName,
    run: patchAccount,
  },
  "iam.projects.serviceAccounts.disable": {
    permission: "iam.serviceAccounts.disable",
    on: accountName,
    run: setDisabled(true),
  },
  "iam.projects.serviceAccounts.enable": {
    permission: "iam.serviceAccounts.enable",
    on: accountName,
    run: setDisabled(false),
  },
  ...policyMethods(ACCOUNTS.methods, ACCOUNTS.permissions, (call, name) => void fetch(ACCOUNTS, call, name)),
};

function createRole(call: Call): Message {
  const { roleId, role = {} } = call.body as { roleId?: string; role?: Message };
  if (!roleId || !/^[a-zA-Z0-9_.]{3,64}$/.test(roleId)) throw invalid(`Invalid role id '${roleId}'`);
  const name = `${targetOf(call)}/roles/${roleId}`;
  return createNamed(ROLES, call, name, targetOf(call), { stage: "ALPHA", ...role, name, etag: etagOf(role) });
}

function patchRole(call: Call): Message {
  const stored = liveRole(call);
  const mask = call.query.updateMask;
  const after =
    typeof mask === "string"
      ? applyMask(stored, call.body, readMask(call.definitions, "Role", mask))
      : { ...call.body, name: stored.name };
  return store(ROLES, call, targetOf(call), stored, { ...after, etag: etagOf(after) });
}

function liveRole(call: Call): Message {
  const stored = fetch(ROLES, call);
  if (stored.deleted === true) throw invalid(`Role ${targetOf(call)} is deleted`);
  return stored;
}

const ROLE_METHODS: Behaviours = {
  ...resourceMethods(ROLES),
  "iam.projects.roles.create": { permission: "iam.roles.create", run: createRole },
  "iam.projects.roles.patch": { permission: "iam.roles.update", query: ["updateMask"], run: patchRole },
  "iam.projects.roles.delete": {
    permission: "iam.roles.delete",
    run: (call) => store(ROLES, call, targetOf(call), {}, { ...liveRole(call), deleted: true }),
  },
  "iam.projects.roles.undelete": {
    permission: "iam.roles.undelete",
    run: (call) => {
      const { deleted, ...rest } = fetch(ROLES, call);
      if (deleted !== true) throw invalid(`Role ${targetOf(call)} is not deleted`);
      return store(ROLES, call, targetOf(call), {}, rest);
    },
  },
};

/** Identity and Access Management: service accounts and custom roles. */
export const IAM: Product = {
  prefix: "iam",
  definitions: "iam.v1",
  service: "iam.googleapis.com",
  methods: { ...ACCOUNT_METHODS, ...ROLE_METHODS },
};

/** How long a token is good unless the caller says otherwise, and at most, in seconds. */
const LIFETIME = { usual: 3600, longest: 43_200 };

function generateAccessToken(call: Call): Message {
  const account = fetch(ACCOUNTS, call, accountName(call));
  if (account.disabled === true) throw new GoogleError("FAILED_PRECONDITION", `${account.email} is disabled`);
  const {
    scope = [],
    lifetime,
    delegates = [],
  } = call.body as { scope?: string[]; lifetime?: string; delegates?: string[] };
  if (scope.length === 0) throw invalid("scope is required");
  if (delegates.length > 0) throw unimplemented("Delegated tokens are not made");
  const seconds = lifetime === undefined ? LIFETIME.usual : Number.parseFloat(lifetime);
  if (!(seconds > 0 && seconds <= LIFETIME.longest)) throw invalid(`lifetime must be at most ${LIFETIME.longest}s`);
  const accessToken = call.cloud.tokens.mint(`serviceAccount:${account.email}`, seconds);
  return { accessToken, expireTime: new Date(Date.now() + seconds * 1000).toISOString() };
}

/** Short-lived credentials of service accounts. */
export const IAM_CREDENTIALS: Product = {
  prefix: "iamcredentials",
  definitions: "iamcredentials.v1",
  service: "iamcredentials.googleapis.com",
  methods: {
    "iamcredentials.projects.serviceAccounts.generateAccessToken": {
      permission: "iam.serviceAccounts.getAccessToken",
      on: accountName,
      write: false,
      run: generateAccessToken,
    },
  },
};
