import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import emptyMessages from "google-protobuf/google/protobuf/empty_pb.js";
import structMessages, { type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** Inputs or state of a resource, as they cross the wire. */
export type Properties = Record<string, unknown>;

/** What stands in a preview for a value that only the deployment will know. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What a property's change is to the reader of a preview. */
export type ChangeKind = "add" | "update" | "delete";

/** How a resource as deployed differs from what the program now says. */
export interface Difference {
  /** Whether the provider has anything to do about it. */
  readonly changes: boolean;
  /** What a preview shows, by property path: `key`, `inputs.files`. */
  readonly shown: Readonly<Record<string, ChangeKind>>;
  /** Properties whose change needs another resource. */
  readonly replaces?: readonly string[];
  /** Whether the old resource must go before the new one comes. */
  readonly deleteFirst?: boolean;
}

/**
 * A provider of custom resources. `type` is a token such as `strata:index:Image`. An error that a method throws fails
 * the resource with the error's message.
 *
 * The SDK's own provider interface knows neither previews nor detailed differences: with it every output of a resource
 * that changes is unknown to a preview, and everything that depends on one looks changed too.
 */
export interface ResourceProvider {
  readonly version: string;
  /** What is wrong with inputs; they may hold `unknown`. */
  check(type: string, inputs: Properties): Promise<readonly { property: string; reason: string }[]>;
  diff(type: string, olds: { inputs: Properties; state: Properties }, news: Properties): Promise<Difference>;
  /** The state that a deployment is expected to end in; `state` is what there is, where it would be an update. */
  preview(type: string, inputs: Properties, state: Properties | undefined): Properties;
  create(type: string, inputs: Properties): Promise<{ readonly id: string; readonly state: Properties }>;
  /** What is really there, or undefined where the resource is gone. */
  read(type: string, id: string, state: Properties): Promise<{ inputs: Properties; state: Properties } | undefined>;
  update(type: string, id: string, state: Properties, inputs: Properties): Promise<Properties>;
  delete(type: string, id: string, state: Properties): Promise<void>;
  /** The user has cancelled the command: what is under way should come to an end. */
  cancel?(): void;
}

/** Serves a provider on a free loopback port, and returns the port. Serves until the process ends. */
export async function serve(provider: ResourceProvider): Promise<number> {
  const unlimited = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
  const server = new Server(unlimited);
  server.addService(ResourceProviderService, { ...session(provider), ...resources(provider) });
  return new Promise((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

/** What the engine asks of every plugin. */
function session(provider: ResourceProvider) {
  return {
    attach: answering(async () => new emptyMessages.Empty()),
    getPluginInfo: answering(async () => new pluginMessages.PluginInfo().setVersion(provider.version)),
    getSchema: answering(async () => new providerMessages.GetSchemaResponse().setSchema("{}")),
    checkConfig: answering(async ({ request }: Call<messages.CheckRequest>) =>
      new providerMessages.CheckResponse().setInputs(request.getNews()),
    ),
    diffConfig: answering(async () => new providerMessages.DiffResponse()),
    configure: answering(async () => new providerMessages.ConfigureResponse().setSupportspreview(true)),
    cancel: answering(async () => {
      provider.cancel?.();
      return new emptyMessages.Empty();
    }),
  };
}

/** The life of a resource. */
function resources(provider: ResourceProvider) {
  return {
    check: answering(async ({ request }: Call<messages.CheckRequest>) => {
      const inputs = properties(request.getNews());
      const failures = await provider.check(typeOf(request), inputs);
      return new providerMessages.CheckResponse().setInputs(request.getNews()).setFailuresList(
        failures.map(({ property, reason }) => {
          return new providerMessages.CheckFailure().setProperty(property).setReason(reason);
        }),
      );
    }),

    diff: answering(async ({ request }: Call<messages.DiffRequest>) => {
      const olds = { inputs: properties(request.getOldInputs()), state: properties(request.getOlds()) };
      return differenceMessage(await provider.diff(typeOf(request), olds, properties(request.getNews())));
    }),

    create: answering(async ({ request }: Call<messages.CreateRequest>) => {
      const [type, inputs] = [typeOf(request), properties(request.getProperties())];
      const { id, state } = request.getPreview()
        ? { id: "", state: provider.preview(type, inputs, undefined) }
        : await provider.create(type, inputs);
      return new providerMessages.CreateResponse().setId(id).setProperties(struct(state));
    }),

    read: answering(async ({ request }: Call<messages.ReadRequest>) => {
      const found = await provider.read(typeOf(request), request.getId(), properties(request.getProperties()));
      const response = new providerMessages.ReadResponse();
      if (!found) return response;
      return response.setId(request.getId()).setProperties(struct(found.state)).setInputs(struct(found.inputs));
    }),

    update: answering(async ({ request }: Call<messages.UpdateRequest>) => {
      const [state, inputs] = [properties(request.getOlds()), properties(request.getNews())];
      const updated = request.getPreview()
        ? provider.preview(typeOf(request), inputs, state)
        : await provider.update(typeOf(request), request.getId(), state, inputs);
      return new providerMessages.UpdateResponse().setProperties(struct(updated));
    }),

    delete: answering(async ({ request }: Call<messages.DeleteRequest>) => {
      await provider.delete(typeOf(request), request.getId(), properties(request.getProperties()));
      return new emptyMessages.Empty();
    }),
  };
}

type Call<Request> = ServerUnaryCall<Request, unknown>;

function answering<Request, Response>(answer: (call: Call<Request>) => Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>) => {
    answer(call).then(
      (response) => callback(null, response),
      (error: Error) => callback({ code: status.UNKNOWN, details: error.message }),
    );
  };
}

function differenceMessage({ changes, shown, replaces = [], deleteFirst = false }: Difference): messages.DiffResponse {
  const { DiffResponse, PropertyDiff } = providerMessages;
  const response = new DiffResponse()
    .setChanges(changes ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE)
    .setReplacesList([...replaces])
    .setDeletebeforereplace(deleteFirst)
    .setDiffsList(changes ? Object.keys(shown) : [])
    .setHasdetaileddiff(true);
  const kinds = { add: PropertyDiff.Kind.ADD, update: PropertyDiff.Kind.UPDATE, delete: PropertyDiff.Kind.DELETE };
  const replacing = { add: kinds.add + 1, update: kinds.update + 1, delete: kinds.delete + 1 };
  for (const [path, kind] of changes ? Object.entries(shown) : []) {
    const code = (replaces.includes(path) ? replacing : kinds)[kind];
    response.getDetaileddiffMap().set(path, new PropertyDiff().setKind(code).setInputdiff(true));
  }
  return response;
}

/** `urn:pulumi:dev::strata::parent$strata:index:Image::name` is a strata:index:Image. */
function typeOf(request: { getUrn(): string }): string {
  return request.getUrn().split("::")[2]?.split("$").at(-1) ?? "";
}

function properties(wire: Struct | undefined): Properties {
  return wire ? (wire.toJavaScript() as Properties) : {};
}

function struct(values: Properties): Struct {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return structMessages.Struct.fromJavaScript(
    Object.fromEntries(known) as Parameters<typeof structMessages.Struct.fromJavaScript>[0],
  );
}
