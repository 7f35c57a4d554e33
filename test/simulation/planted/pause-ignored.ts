/** A tick takes a job that is paused for one that runs. */
import type { Job } from "../../../functions/job.ts";
import { breakSnapshots, withFields } from "./breaking.ts";
import type { PlantedBug } from "./planted-bug.ts";

export const pauseIgnored: PlantedBug = {
  name: "a tick goes on in a pause",
  caughtBy: "standing-still",
  workload: "paused and resumed",
  breaking: () =>
    breakSnapshots((snapshot) => {
      const { job } = snapshot;
      if (job === undefined || (JSON.parse(job.text) as Job).state !== "PAUSED") return snapshot;
      return { ...snapshot, job: { ...job, text: withFields(job.text, { state: "RUNNING" }) } };
    }),
};
