/**
 * Monitor: Pulumi's own protocol between a program and its engine, served over gRPC.
 *
 * Owns: messages in and out. Does not own: what is done about them (deployment.ts).
 */
import { createRequire } from "node:module";
import {
  Server,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages, {
  type GetRootResourceResponse,
  type LogRequest,
  type SetRootResourceRequest,
} from "@pulumi/pulumi/proto/engine_pb.js";
import resourceServices from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import resourceMessages, {
  type ReadResourceRequest,
  type RegisterResourceOutputsRequest,
  type RegisterResourceRequest,
  type ResourceInvokeRequest,
  type SupportsFeatureRequest,
} from "@pulumi/pulumi/proto/resource_pb.js";
import { bind } from "../bind.ts";
import type { Deployment } from "./deployment.ts";
import { type Registration, readRegistration } from "./registration.ts";
import type { Properties } from "./values.ts";

/** What the program may rely on. The SDK refuses by itself what is not named here. */
const FEATURES: ReadonlySet<string> = new Set(["secrets", "resourceReferences", "aliasSpecs"]);

/** Something that the program logged. */
export interface ProgramMessage {
  readonly severity: "debug" | "info" | "warning" | "error";
  readonly text: string;
}

/** A monitor that listens. */
export interface Monitor {
  /** `host:port`. */
  readonly address: string;
  stop(): void;
}

type Struct = ReturnType<NonNullable<ReturnType<RegisterResourceRequest["getObject"]>>["clone"]>;

// Pulumi's own copy of protobuf: its messages accept values of no other.
const ofPulumi = createRequire(createRequire(import.meta.url).resolve("@pulumi/pulumi"));
const { Struct } = ofPulumi("google-protobuf/google/protobuf/struct_pb.js") as {
  readonly Struct: { fromJavaScript(value: Properties): Struct };
};
const { Empty } = ofPulumi("google-protobuf/google/protobuf/empty_pb.js") as {
  readonly Empty: new () => object;
};

/**
 * Starts a monitor.
 *
 * @throws ERR_EMULATOR if it can't listen
 */
export async function startMonitor(
  deployment: Deployment,
  onMessage: (message: ProgramMessage) => void,
): Promise<Monitor> {
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  server.addService(resourceServices.ResourceMonitorService, {
    ...unsupported(resourceServices.ResourceMonitorService),
    ...resourceMethods(deployment),
  });
  server.addService(engineServices.EngineService, {
    ...unsupported(engineServices.EngineService),
    ...engineMethods(onMessage),
  });
  const address = await bind(server, { service: "Pulumi engine", host: "127.0.0.1", port: 0 });
  return { address, stop: () => server.forceShutdown() };
}

function resourceMethods(deployment: Deployment): UntypedServiceImplementation {
  return {
    supportsFeature: unary((request: SupportsFeatureRequest) => {
      const response = new resourceMessages.SupportsFeatureResponse();
      response.setHassupport(FEATURES.has(request.getId()));
      return response;
    }),
    registerResource: unary(async (request: RegisterResourceRequest) => {
      const { urn, id, outputs } = await deployment.register(readRegistration(request));
      const response = new resourceMessages.RegisterResourceResponse();
      response.setUrn(urn);
      response.setId(id);
      response.setObject(Struct.fromJavaScript(outputs));
      return response;
    }),
    registerResourceOutputs: unary(async (request: RegisterResourceOutputsRequest) => {
      await deployment.putOutputs(request.getUrn(), propertiesOf(request.getOutputs()));
      return new Empty();
    }),
    readResource: unary(async (request: ReadResourceRequest) => {
      const { urn, outputs } = await deployment.read(readRequest(request), request.getId());
      const response = new resourceMessages.ReadResourceResponse();
      response.setUrn(urn);
      response.setProperties(Struct.fromJavaScript(outputs));
      return response;
    }),
    invoke: unary(async (request: ResourceInvokeRequest) => {
      const found = await deployment.invoke(request.getTok(), propertiesOf(request.getArgs()));
      const response = new resourceMessages.ResourceInvokeResponse();
      response.setReturn(Struct.fromJavaScript(found));
      return response;
    }),
    signalAndWaitForShutdown: unary(() => new Empty()),
  };
}

function engineMethods(onMessage: (message: ProgramMessage) => void): UntypedServiceImplementation {
  const severities = ["debug", "info", "warning", "error"] as const;
  let root = "";
  return {
    log: unary((request: LogRequest) => {
      const severity = severities[request.getSeverity()] ?? "info";
      onMessage({ severity, text: request.getMessage() });
      return new Empty();
    }),
    getRootResource: unary((): GetRootResourceResponse => {
      const response = new engineMessages.GetRootResourceResponse();
      response.setUrn(root);
      return response;
    }),
    setRootResource: unary((request: SetRootResourceRequest) => {
      root = request.getUrn();
      return new engineMessages.SetRootResourceResponse();
    }),
  };
}

function readRequest(request: ReadResourceRequest): Registration {
  return {
    type: request.getType(),
    name: request.getName(),
    parent: request.getParent(),
    isCustom: true,
    inputs: propertiesOf(request.getProperties()),
    dependencies: request.getDependenciesList(),
    inputDependencies: {},
    isProtected: false,
    isRetained: true,
    isDeletedFirst: undefined,
    ignoredChanges: [],
    replaceOnChanges: [],
    secretOutputs: request.getAdditionalsecretoutputsList(),
    aliases: [],
    unsupported: [],
  };
}

function propertiesOf(struct: Pick<Struct, "toJavaScript"> | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

/**
 * Serves one method. Whatever fails was told of already: UNAVAILABLE lets the SDK end the program
 * without a word of its own.
 */
function unary<Request, Response>(
  method: (request: Request) => Response | Promise<Response>,
): (call: ServerUnaryCall<Request, Response>, answer: sendUnaryData<Response>) => void {
  return (call, answer) => {
    Promise.resolve()
      .then(() => method(call.request))
      .then(
        (response) => answer(null, response),
        (error: unknown) => answer({ code: status.UNAVAILABLE, details: String(error) }),
      );
  };
}

function unsupported(service: object): UntypedServiceImplementation {
  const refuse = (_call: unknown, answer: sendUnaryData<unknown>): void =>
    answer({ code: status.UNIMPLEMENTED, details: "The local engine doesn't know this call." });
  return Object.fromEntries(Object.keys(service).map((name) => [name, refuse]));
}
