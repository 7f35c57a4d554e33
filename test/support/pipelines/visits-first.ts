/**
 * Visits, as of one version: a file of its own, for a bundle is made of a file.
 */
import { visits } from "./visits.ts";

export default visits({ windows: "Windows", sessions: "Sessions", sizeMs: 60_000, code: "first" });
