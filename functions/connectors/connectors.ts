/**
 * Connectors: the code that reads sources, by the type of the source.
 *
 * A stage's bundle holds only what the stage reads from; in one process all of them are at hand.
 */
import type { SourceSpec } from "../../sdk/io/source-spec.ts";
import type { AnySplittable } from "../../sdk/io/splittable/splittable.ts";

/** Returns the splittable read of a source of its own type, undefined for others. */
export type SourceConnector = (spec: SourceSpec) => AnySplittable | undefined;

/** Connectors by the type of source that they read. */
export type Connectors = Readonly<Partial<Record<SourceSpec["type"], SourceConnector>>>;
