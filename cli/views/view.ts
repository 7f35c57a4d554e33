/**
 * View: how `dev` shows a mesh. One implementation a kind of reader: a terminal, a log, a program.
 */
import type { LogEntry } from "../function-log.ts";
import type { MeshSample } from "../stage-sampler.ts";

/** What became of a changed file. */
export interface ReloadNote {
  /** `replaced`: new code; `unchanged`; `refused`: the old code stays; `restarted`: a fresh mesh; `updated`:
   *  another plan, with the state of the one before. */
  readonly outcome: "replaced" | "unchanged" | "refused" | "restarted" | "updated";
  readonly text: string;
  /** Functions whose code is new. */
  readonly functions: readonly string[];
}

/** A mesh that has just begun. */
export interface StartNote {
  readonly pipeline: string;
  readonly plan: string;
  readonly startMs: number;
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: readonly string[];
  /** What people should know, in lines. */
  readonly lines: readonly string[];
}

/** Shows a mesh to one kind of reader. */
export interface DevView {
  /** How often the mesh should be looked at, in ms. */
  readonly sampleMs: number;
  started(note: StartNote): void;
  show(sample: MeshSample): void;
  log(entry: LogEntry): void;
  reloaded(note: ReloadNote): void;
  /** Something to know that has no form of its own. */
  note(text: string): void;
  /** The last thing shown. */
  close(summary: string): void;
}
