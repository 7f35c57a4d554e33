/**
 * `tidemark dev FILE`: a pipeline on a local mesh of real functions, shown live and reloaded.
 */
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import type { LocalPorts, WorldName } from "../../emulators/local-world.ts";
import { portOption, shardsOption } from "../options.ts";
import { isTerminal } from "../output.ts";
import { withPortOption } from "../ports.ts";
import { stopSignal } from "../stop-signal.ts";
import { JsonView } from "../views/json-view.ts";
import { LinesView } from "../views/lines-view.ts";
import { TerminalView } from "../views/terminal-view.ts";
import type { DevView } from "../views/view.ts";

interface DevFlags {
  readonly emulators: WorldName;
  readonly shards?: number;
  readonly persist?: string;
  readonly json?: boolean;
  readonly portPubsub?: number;
  readonly portFirestore?: number;
  readonly portTasks?: number;
  readonly portFunctions?: number;
}

/** Adds `dev` to the program. */
export function addDevCommand(program: Command): void {
  program
    .command("dev")
    .summary("run a pipeline here as a mesh of real functions, live, with reload")
    .description(
      "Runs a pipeline here as it runs in the cloud: its bundles as functions in processes of their\n" +
        "own, with Pub/Sub, Firestore and Cloud Tasks beside them. Shows each stage live, and puts\n" +
        "new code in place when the file changes. Ctrl-C ends it.",
    )
    .argument("<file>", "module that exports the pipeline as default")
    .addOption(
      new Option("--emulators <world>", "whose Pub/Sub and Firestore")
        .choices(["embedded", "google"])
        .default("embedded"),
    )
    .option("--shards <n>", "shards of each stage (default: 4)", shardsOption)
    .option("--port-pubsub <n>", "port of Pub/Sub (default: any free one)", portOption)
    .option("--port-firestore <n>", "port of Firestore (default: any free one)", portOption)
    .option("--port-tasks <n>", "port of Cloud Tasks (default: any free one)", portOption)
    .option("--port-functions <n>", "port of the functions (default: any free one)", portOption)
    .option("--persist <folder>", "keep messages and state in a folder, over restarts")
    .option("--json", "print a JSON object a line: started, status, log, reload, stopped")
    .action((file: string, flags: DevFlags) =>
      dev(file, flags, program.opts()["verbose"] === true),
    );
}

async function dev(file: string, flags: DevFlags, isVerbose: boolean): Promise<void> {
  // Google's clients take half a second to load, which the other commands need not wait for.
  const { DevSession } = await import("../dev-session.ts");
  const ports = portsOf(flags);
  const view = viewFor(flags, isVerbose);
  const session = new DevSession(
    {
      file,
      world: flags.emulators,
      shards: flags.shards,
      ports,
      persistFolder: flags.persist === undefined ? undefined : resolve(flags.persist),
      isVerbose,
    },
    view,
  );
  process.on("exit", () => session.removeFiles());
  const stopped = stopSignal();
  try {
    await session.start();
  } catch (error) {
    await session.stop();
    throw withPortOption(error, ports);
  }
  await stopped;
  view.close(await session.stop());
}

function viewFor({ json }: DevFlags, isVerbose: boolean): DevView {
  if (json === true) return new JsonView();
  return isTerminal() ? new TerminalView(isVerbose, "Ctrl-C ends it.") : new LinesView(isVerbose);
}

function portsOf(flags: DevFlags): LocalPorts {
  const { portPubsub, portFirestore, portTasks, portFunctions } = flags;
  return {
    ...(portPubsub !== undefined && { pubsub: portPubsub }),
    ...(portFirestore !== undefined && { firestore: portFirestore }),
    ...(portTasks !== undefined && { tasks: portTasks }),
    ...(portFunctions !== undefined && { functions: portFunctions }),
  };
}
