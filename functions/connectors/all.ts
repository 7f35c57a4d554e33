/** All connectors, for worlds that run every stage in one process. */
import type { Connectors } from "./connectors.ts";
import { createSource } from "./create-source.ts";
import { fileSource } from "./file-source.ts";

/** Every connector for bounded sources. */
export const ALL_CONNECTORS: Connectors = { create: createSource, file: fileSource };
