/**
 * Runner: the process of a Pulumi program, started as the `pulumi` program starts it.
 *
 * Owns: the process. Does not own: what it asks for (monitor.ts).
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { eachLine } from "../function-host/lines.ts";
import type { Project } from "./project.ts";

/** How a program is run. */
export interface RunOptions {
  readonly project: Project;
  readonly stack: string;
  readonly isPreview: boolean;
  /** `host:port` of the monitor. */
  readonly monitor: string;
  /** Variables for the program, above those of this process. */
  readonly env: Readonly<Record<string, string>>;
  readonly onOutput: (line: string) => void;
  /** Ends the program. */
  readonly signal: AbortSignal | undefined;
}

/** What Pulumi calls the organization of a backend that has none. */
const ORGANIZATION = "organization";
/** Registrations that the program may have under way at once. */
const PARALLEL = 32;

const pulumi = dirname(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json"));

/** Runs a program to its end and returns its exit code; null where a signal ended it. */
export async function runProgram(options: RunOptions): Promise<number | null> {
  const { project, stack, isPreview, monitor, env, onOutput, signal } = options;
  const child = spawn(
    process.execPath,
    [
      ...project.nodeArguments,
      join(pulumi, "cmd/run"),
      ...["--monitor", monitor, "--engine", monitor],
      ...["--organization", ORGANIZATION, "--project", project.name, "--stack", stack],
      ...["--parallel", String(PARALLEL)],
      ...["--root-directory", project.folder, "--pwd", project.programFolder],
      ...(isPreview ? ["--dry-run"] : []),
      project.entry,
    ],
    {
      cwd: project.programFolder,
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(project.config),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(project.secretKeys),
        PULUMI_NODEJS_TYPESCRIPT: String(project.isTranslated),
        // What it writes goes through here, and not to a terminal.
        NO_COLOR: "1",
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
      ...(signal !== undefined && { signal }),
    },
  );
  eachLine(child.stdout, onOutput);
  eachLine(child.stderr, onOutput);
  return new Promise((resolve, reject) => {
    child.once("close", resolve);
    child.once("error", (error) => {
      if (error.name === "AbortError") resolve(null);
      else reject(error);
    });
  });
}
