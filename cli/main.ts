#!/usr/bin/env node
/**
 * The `tidemark` command. What it can do stands in program.ts.
 */
import { endWithReader } from "./output.ts";
import { runProgram } from "./program.ts";

endWithReader();
const exitCode = await runProgram(process.argv.slice(2));
// What was written goes out first; then nothing that a library keeps open may hold the process.
await new Promise((resolve) => process.stdout.write("", resolve));
process.exit(exitCode);
