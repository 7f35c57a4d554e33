/**
 * Dev session: one local mesh, from its start over all reloads to its end.
 *
 * Owns: what happens when the author's file changes, and that everything is gone in the end. Does
 * not own: how it is shown (views/), the mesh (emulators/local-mesh.ts).
 *
 * DS1. While a file can't be built, the old code goes on.
 * DS2. Another plan meets the state of the old one only where an update has found that it fits.
 */
import { type LocalMesh, startLocalMesh } from "../emulators/local-mesh.ts";
import type { LocalPorts, WorldName } from "../emulators/local-world.ts";
import type { PlanComparison } from "../sdk/compile/compatibility.ts";
import { isMeshError, MeshError } from "../sdk/model/errors.ts";
import { authorEnvironment } from "./author-environment.ts";
import { type Build, Builder } from "./build.ts";
import { errorReport } from "./error-report.ts";
import { formatDuration, formatMany } from "./format.ts";
import { readLogLine } from "./function-log.ts";
import { elementsOfSources } from "./memory-run.ts";
import { portsOf } from "./ports.ts";
import { StageSampler } from "./stage-sampler.ts";
import { type UpdateRequest, UpdateServer } from "./update-server.ts";
import { exportLines, publishNotes, resultNotes } from "./usage-notes.ts";
import type { DevView, StartNote } from "./views/view.ts";
import { FileWatch } from "./watch.ts";

/** What the author asked for. */
export interface DevOptions {
  readonly file: string;
  readonly world: WorldName;
  readonly shards: number | undefined;
  readonly ports: LocalPorts;
  readonly persistFolder: string | undefined;
  readonly isVerbose: boolean;
}

/** One `tidemark dev`. */
export class DevSession {
  readonly #options: DevOptions;
  readonly #view: DevView;
  readonly #builder: Builder;
  readonly #watch: FileWatch;
  readonly #startedMs = Date.now();
  #ports: LocalPorts;
  #mesh: LocalMesh | undefined;
  #sampler: StageSampler | undefined;
  #sampling: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  /** Reloads run one after the other; a change during one asks for one more. */
  #reloading: Promise<void> = Promise.resolve();
  #isStopping = false;
  /** Updates that are asked for run between reloads. */
  readonly #updates: UpdateServer = new UpdateServer((request) => {
    const updating = this.#reloading.then(() => this.#update(request));
    this.#reloading = updating.then(
      () => {},
      () => {},
    );
    return updating;
  });

  constructor(options: DevOptions, view: DevView) {
    this.#options = options;
    this.#view = view;
    this.#ports = options.ports;
    this.#builder = new Builder(options.file, compileOptions(options));
    this.#watch = new FileWatch(() => {
      this.#reloading = this.#reloading.then(() => this.#reload());
    });
  }

  /**
   * Builds, starts, and begins to show and to watch.
   *
   * @throws what the author's file, a port or an emulator gives
   */
  async start(): Promise<void> {
    // The clients of this process would look for Google's metadata server, and warn.
    process.env["METADATA_SERVER_DETECTION"] ??= "none";
    const build = await this.#builder.build();
    await this.#startMesh(build);
    this.#watch.set(build.inputs);
    this.#sampling = setInterval(() => this.#lookUnlessBusy(), this.#view.sampleMs);
    await this.#look();
  }

  /** Ends everything and returns one line of summary. */
  async stop(): Promise<string> {
    this.#isStopping = true;
    clearInterval(this.#sampling);
    this.#watch.close();
    await this.#updates.stop();
    await this.#reloading;
    await this.#looking;
    const status = await this.#mesh?.status().catch(() => undefined);
    await this.#mesh?.stop();
    this.removeFiles();
    const stages = status?.stages ?? [];
    const dead = stages.reduce((sum, stage) => sum + stage.deadLetters, 0);
    const up = formatDuration(Date.now() - this.#startedMs);
    const taken = formatMany(elementsOfSources(stages), "element");
    return `Stopped after ${up}: ${taken} in, ${formatMany(dead, "dead letter")}.`;
  }

  /** Removes what was written for the mesh; synchronous, for a hurried exit. */
  removeFiles(): void {
    this.#builder.remove();
  }

  async #startMesh(build: Build): Promise<void> {
    const startMs = performance.now();
    const { world, persistFolder, isVerbose } = this.#options;
    const mesh = await startLocalMesh({
      pipeline: build.pipeline,
      compile: compileOptions(this.#options),
      bundles: build.bundles,
      world,
      ports: this.#ports,
      env: authorEnvironment(process.env),
      ...(persistFolder !== undefined && { persistFolder }),
      updater: await this.#updates.start(),
      onLog: (line) => {
        const entry = readLogLine(line, isVerbose);
        if (entry !== undefined) this.#view.log(entry);
      },
    });
    this.#mesh = mesh;
    // A restarted mesh is found where the first one was.
    if (world === "embedded") this.#ports = portsOf(mesh);
    this.#sampler = new StageSampler(mesh);
    this.#view.started(startNote(build, mesh, performance.now() - startMs));
  }

  /** A look that takes longer than the pause to the next one is not overtaken. */
  #lookUnlessBusy(): void {
    if (this.#isLooking) return;
    this.#looking = this.#look();
  }

  #isLooking = false;

  async #look(): Promise<void> {
    const sampler = this.#sampler;
    if (sampler === undefined || this.#isStopping) return;
    this.#isLooking = true;
    try {
      const sample = await sampler.sample();
      // The mesh may have been restarted meanwhile; then this is the old one's.
      if (sampler === this.#sampler && !this.#isStopping) this.#view.show(sample);
    } catch (error) {
      if (sampler === this.#sampler && !this.#isStopping) {
        this.#view.note(errorReport(error, this.#options.isVerbose));
      }
    } finally {
      this.#isLooking = false;
    }
  }

  async #reload(): Promise<void> {
    if (this.#isStopping) return;
    try {
      const build = await this.#builder.build();
      if (this.#isStopping) return;
      this.#watch.set(build.inputs);
      const mesh = this.#mesh;
      if (mesh?.plan.hash === build.plan.hash) await this.#replace(build, mesh);
      else await this.#renew(build, mesh);
    } catch (error) {
      const report = errorReport(error, this.#options.isVerbose);
      const what = this.#mesh === undefined ? "Nothing runs" : "The old code goes on";
      const text = `${report}\n${what} until the file is saved again without the error.`;
      this.#view.reloaded({ outcome: "refused", text, functions: [] });
    }
  }

  async #replace(build: Build, mesh: LocalMesh): Promise<void> {
    const startMs = performance.now();
    const functions = await mesh.reload(build.pipeline, build.bundles);
    const took = formatDuration(performance.now() - startMs);
    if (functions.length === 0) {
      const text = "Saved; no function's code changed.";
      this.#view.reloaded({ outcome: "unchanged", text, functions });
      return;
    }
    const text = `Reloaded in ${took}, state kept: ${functions.join(", ")}.`;
    this.#view.reloaded({ outcome: "replaced", text, functions });
  }

  /** Updates the mesh to another plan where its state fits, and starts afresh where it does not. */
  async #renew(build: Build, mesh: LocalMesh | undefined): Promise<void> {
    if (mesh === undefined || mesh.plan.pipeline !== build.plan.pipeline) {
      return this.#restart(build, mesh, "It is another pipeline");
    }
    const startMs = performance.now();
    try {
      await mesh.update(build.pipeline, build.bundles);
    } catch (error) {
      if (!isMeshError(error) || error.code !== "ERR_UPDATE_INCOMPATIBLE") throw error;
      return this.#restart(build, mesh, error.message);
    }
    const took = formatDuration(performance.now() - startMs);
    this.#sampler = new StageSampler(mesh);
    this.#view.reloaded({
      outcome: "updated",
      text: `The plan is another one, and the state fits it: updated in ${took}, state kept.`,
      functions: build.bundles.map(({ name }) => name),
    });
  }

  /**
   * Updates the mesh to another file, as another terminal asks for it.
   *
   * @throws what building and updating give
   */
  async #update({ file, shards, ...options }: UpdateRequest): Promise<PlanComparison> {
    const mesh = this.#mesh;
    if (mesh === undefined) throw new MeshError("ERR_EMULATOR", "Nothing runs here now.");
    const compiling = shards === undefined ? {} : { shards };
    const build = await new Builder(file, compiling).build();
    const comparison = await mesh.update(build.pipeline, build.bundles, {
      ...options,
      ...(shards !== undefined && { compile: compiling }),
    });
    this.#sampler = new StageSampler(mesh);
    this.#view.reloaded({
      outcome: "updated",
      text: `Updated to ${file} from another terminal, state kept.`,
      functions: build.bundles.map(({ name }) => name),
    });
    return comparison;
  }

  /** Starts another plan's mesh; `mesh` is undefined where the one before could not start. */
  async #restart(build: Build, mesh: LocalMesh | undefined, why: string): Promise<void> {
    if (this.#options.persistFolder !== undefined && mesh !== undefined) {
      throw new MeshError(
        "ERR_PLAN_MISMATCH",
        `${why}\nThe plan is now ${build.plan.hash}; the state in ${this.#options.persistFolder} belongs to ${mesh.plan.hash}. ` +
          "Restart with another --persist folder, or undo the change of the graph.",
      );
    }
    this.#sampler = undefined;
    this.#mesh = undefined;
    await mesh?.stop();
    await this.#startMesh(build);
    this.#view.reloaded({
      outcome: "restarted",
      text: `${why}\nStarted afresh, empty, at the same ports.`,
      functions: build.bundles.map(({ name }) => name),
    });
  }
}

function compileOptions({ shards }: DevOptions): { shards?: number } {
  return shards === undefined ? {} : { shards };
}

function startNote(
  { pipeline, plan, bundles }: Build,
  mesh: LocalMesh,
  startMs: number,
): StartNote {
  const functions = bundles.map(({ name }) => name);
  return {
    pipeline: plan.pipeline,
    plan: plan.hash,
    startMs: Math.round(startMs),
    variables: mesh.variables,
    functions,
    lines: [
      `${plan.pipeline}: ${formatMany(functions.length, "function")} started in ${formatDuration(startMs)}`,
      "",
      ...exportLines(mesh.variables),
      "",
      ...publishNotes(plan),
      ...resultNotes(pipeline, plan),
    ],
  };
}
