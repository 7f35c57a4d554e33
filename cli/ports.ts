/**
 * Ports: which ones a local mesh has, and by which options they are given.
 */
import type { LocalMesh } from "../emulators/local-mesh.ts";
import type { LocalPorts } from "../emulators/local-world.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";

/** Returns the ports that a mesh listens on, so that the next one can be found there. */
export function portsOf({ variables, functions }: LocalMesh): LocalPorts {
  const port = (name: string): number => Number(/:(\d+)$/.exec(variables[name] ?? "")?.[1]);
  return {
    pubsub: port("PUBSUB_EMULATOR_HOST"),
    firestore: port("FIRESTORE_EMULATOR_HOST"),
    tasks: port("CLOUD_TASKS_EMULATOR_HOST"),
    functions: Number(new URL(functions.url("tracker")).port),
  };
}

const portOptions: Readonly<Record<keyof LocalPorts, string>> = {
  pubsub: "--port-pubsub",
  firestore: "--port-firestore",
  tasks: "--port-tasks",
  functions: "--port-functions",
};

/** Returns an error about a port with the option that gave it; every other error as it is. */
export function withPortOption(error: unknown, ports: LocalPorts): unknown {
  if (!isMeshError(error) || error.code !== "ERR_PORT_IN_USE") return error;
  const asked = Object.entries(ports).find(([, port]) =>
    new RegExp(`\\b${port}\\b`).test(error.message),
  );
  if (asked === undefined) return error;
  const [service, port] = asked as [keyof LocalPorts, number];
  return new MeshError(
    "ERR_PORT_IN_USE",
    `Port ${port} (${portOptions[service]}) is taken. Give ${portOptions[service]} another one, or leave it out for any free port.`,
    { cause: error },
  );
}
