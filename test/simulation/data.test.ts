/** The engine's work on data under seeded faults (promises.suite.ts). */
import { promises } from "./promises.suite.ts";
import { ofData } from "./workloads/all.ts";

promises(ofData);
