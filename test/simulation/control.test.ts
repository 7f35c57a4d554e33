/** The control of jobs in the midst of traffic under seeded faults (promises.suite.ts). */
import { promises } from "./promises.suite.ts";
import { ofControl } from "./workloads/all.ts";

promises(ofControl);
