/**
 * A local engine for Pulumi programs: preview, up and destroy, without the `pulumi` program.
 *
 * Owns: the three commands. Does not own: making resources (a provider does).
 *
 *   program ─▶ Pulumi's SDK ──gRPC──▶ monitor ─▶ deployment ─▶ provider ─▶ world
 *                                                    │
 *                                                    └──▶ state file
 */
import { Deployment, type Failure, type Step } from "./deployment.ts";
import { type ProgramMessage, startMonitor } from "./monitor.ts";
import { type Project, readProject } from "./project.ts";
import type { Provider } from "./provider.ts";
import { runProgram } from "./runner.ts";
import { StackState } from "./state.ts";
import { type Properties, plainProperties, shown } from "./values.ts";

export type { Failure, Operation, Step } from "./deployment.ts";
export type { ProgramMessage } from "./monitor.ts";

/** A stack, and what it is made with. */
export interface StackOptions {
  /** Where Pulumi.yaml is. */
  readonly folder: string;
  readonly stack: string;
  readonly provider: Provider;
  /** Where the stack's state is kept. */
  readonly stateFile: string;
  /** Configuration that stands before that of the files: `namespace:key` and value. */
  readonly config?: Readonly<Record<string, string>>;
  /** The same for what the files would hold encrypted. */
  readonly secretConfig?: Readonly<Record<string, string>>;
  /** Variables for the program, above those of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Each resource that is done with. */
  readonly onStep?: (step: Step) => void;
  /** What the program logs and writes. */
  readonly onMessage?: (message: ProgramMessage) => void;
  /** Ends the program early. */
  readonly signal?: AbortSignal;
}

/** What came of a command. */
export interface Outcome {
  readonly steps: readonly Step[];
  /** Empty if all went well. */
  readonly failures: readonly Failure[];
  /** What the program exports; what is a secret or not known yet is only named so. */
  readonly outputs: Properties;
  /** The same with secrets as they are. */
  readonly plainOutputs: Properties;
  readonly durationMs: number;
}

/**
 * Tells what `up` would do. Neither the world nor the state is changed.
 *
 * @throws ERR_OPTION for a project that can't be read
 */
export function preview(options: StackOptions): Promise<Outcome> {
  return run(options, true);
}

/**
 * Makes the world what the program declares.
 *
 * @throws ERR_OPTION for a project that can't be read
 */
export function up(options: StackOptions): Promise<Outcome> {
  return run(options, false);
}

/**
 * Deletes everything of a stack.
 *
 * @throws ERR_OPTION for a project that can't be read
 */
export async function destroy(options: StackOptions): Promise<Outcome> {
  const startedMs = performance.now();
  const { deployment, state } = await begin(options, false);
  await deployment.remove([...state.records(), ...state.replaced()]);
  return outcomeOf(deployment, startedMs);
}

async function run(options: StackOptions, isPreview: boolean): Promise<Outcome> {
  const startedMs = performance.now();
  const { env = {}, stack, onMessage = () => {}, signal } = options;
  const { deployment, project } = await begin(options, isPreview);
  const errors: string[] = [];
  const monitor = await startMonitor(deployment, (message) => {
    if (deployment.failures.length === 0) onMessage(message);
    if (message.severity === "error") errors.push(message.text);
  });
  try {
    const onOutput = (text: string): void => {
      // After a failure the SDK complains of calls that are not answered any more.
      if (deployment.failures.length === 0) onMessage({ severity: "info", text });
    };
    const code = await runProgram({
      ...{ project, stack, isPreview, env, onOutput, signal },
      monitor: monitor.address,
    });
    if (code !== 0 && deployment.failures.length === 0) {
      const text = errors.length > 0 ? errors.join("\n") : endText(code);
      deployment.failures.push({ urn: "", text });
    }
    await deployment.finish();
  } finally {
    monitor.stop();
  }
  return outcomeOf(deployment, startedMs);
}

interface Begun {
  readonly deployment: Deployment;
  readonly state: StackState;
  readonly project: Project;
}

async function begin(options: StackOptions, isPreview: boolean): Promise<Begun> {
  const { folder, stack, provider, stateFile, config, secretConfig, onStep = () => {} } = options;
  const project = readProject(folder, stack, config, secretConfig);
  const state = await StackState.open(stateFile);
  const deployment = new Deployment({
    ...{ state, provider, stack, isPreview, onStep },
    project: project.name,
    folder: project.programFolder,
  });
  return { deployment, state, project };
}

function endText(code: number | null): string {
  return code === null ? "The program was ended." : `The program ended with exit code ${code}.`;
}

function outcomeOf({ steps, failures, outputs }: Deployment, startedMs: number): Outcome {
  return {
    steps,
    failures,
    outputs: shown(outputs) as Properties,
    plainOutputs: plainProperties(outputs),
    durationMs: performance.now() - startedMs,
  };
}
