/**
 * Status text: a mesh's status as a failed test shows it.
 */
import type { LocalMesh } from "../../emulators/local-mesh.ts";
import { formatTimestamp } from "../../sdk/model/time.ts";

/** Returns one line for the job, one for each stage and one for each function. */
export async function statusText(mesh: LocalMesh): Promise<string> {
  const { state, stages } = await mesh.status();
  const lines = stages.map((s) =>
    [
      s.stage,
      `in ${s.elementsIn}`,
      `out ${s.elementsOut}`,
      `in flight ${s.bundlesInFlight}`,
      `backlog ${mesh.backlog(s.stage) ?? "?"}`,
      `dropped ${s.droppedLate} late, ${s.droppedClosed} closed`,
      `duplicates ${s.duplicates}`,
      `dead ${s.deadLetters}`,
      `watermarks ${formatTimestamp(s.inputWatermark)} ${formatTimestamp(s.outputWatermark)}`,
      `hold ${formatTimestamp(s.hold)}`,
    ].join("  "),
  );
  const functions = mesh.functions
    .status()
    .map(
      (f) =>
        `${f.name}: ${f.coldStarts} starts, ${f.requests} requests, ${f.failures} failures, ${f.waiting} waiting`,
    );
  return [`state ${state}`, ...lines, ...functions].join("\n");
}
