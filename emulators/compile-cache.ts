/**
 * Compile cache: where V8's compiled code, and TypeScript without its types, is kept between starts.
 */
import { homedir } from "node:os";
import { join } from "node:path";

/** One folder for all programs of this package: Node keeps apart what differs. */
export const COMPILE_CACHE_FOLDER: string = join(homedir(), ".cache", "tidemark", "compile-cache");
