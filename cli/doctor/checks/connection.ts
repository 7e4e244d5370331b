import { read, readPages } from "../ask.ts";
import { bringUp, type Check, good, type Patient, wrong } from "../finding.ts";
import { namesIn } from "../names.ts";

interface Connection {
  readonly installationState?: { readonly stage?: string; readonly message?: string };
  readonly disabled?: boolean;
}

interface Page {
  readonly repositories?: readonly { readonly remoteUri?: string }[];
  readonly nextPageToken?: string;
}

/** Cloud Build's connection to the Git host: finished by a person, and with the catalogue's repository. */
export const connectionCheck: Check = {
  subject: "connection",
  asksGoogle: true,
  async run(patient) {
    const { environment, source } = patient.settings;
    if (source === undefined) return good("none needed: strata:source is not set, so no push starts a build");
    const name = namesIn(environment).connection(source.connection);
    const [connection, connected] = await Promise.all([
      read<Connection>(patient.api, "cloudBuildV2", name, "read the connection to the Git host"),
      isConnected(patient, name, source.repository),
    ]);
    const short = name.split("/").at(-1) ?? "";
    if (connection === undefined) return wrong(`there is no connection ${short}`, bringUp(patient));
    const stage = connection.installationState?.stage ?? "unknown";
    const page = `https://console.cloud.google.com/cloud-build/repositories/2nd-gen?project=${environment.project}`;
    if (stage !== "COMPLETE") return wrong(`the connection ${short} is ${stage}`, `finish it at ${page}`);
    if (connection.disabled === true) return wrong(`the connection ${short} is disabled`, `enable it at ${page}`);
    if (!connected) return wrong(`${source.repository} is not connected through ${short}`, bringUp(patient));
    return good(`${short} is complete and has ${source.repository}`);
  },
};

/** Whether a connection has a repository; one that a company shares can have hundreds. */
async function isConnected({ api }: Patient, connection: string, repository: string): Promise<boolean> {
  const list = `${connection}/repositories`;
  const query = { pageSize: "100" };
  for await (const page of readPages<Page>(api, "cloudBuildV2", list, query, "list the connected repositories")) {
    if (page.repositories?.some(({ remoteUri }) => remoteUri === repository)) return true;
  }
  return false;
}
