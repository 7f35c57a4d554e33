/**
 * `tidemark init [FOLDER]`: begins a project: a pipeline, its test, and the Pulumi program.
 */
import { existsSync } from "node:fs";
import { basename, relative, resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import { scaffold } from "../init/scaffold.ts";
import { print, printAside } from "../output.ts";

interface InitOptions {
  readonly name?: string;
  readonly package?: string;
}

/** Adds `init` to the program. */
export function addInitCommand(program: Command): void {
  program
    .command("init")
    .summary("begin a project: a pipeline, its test, and the program that deploys it")
    .description("Begins a project: a pipeline, its test, and the program that deploys it.")
    .argument("[folder]", "empty folder, or one to make", ".")
    .option("--name <name>", "name of the project (default: the folder's)")
    .option(
      "--package <file>",
      "tarball of tidemark, to lie in the project (default: npm's)",
      tarballOption,
    )
    .action((path: string, options: InitOptions) => {
      const folder = resolve(path);
      const name = options.name ?? basename(folder);
      scaffold({ folder, name, tarball: options.package });
      print(nextSteps(folder, name));
      if (options.package === undefined) printAside(NOT_PUBLISHED);
    });
}

/** Until it is there, somebody else could publish something under the name. */
const NOT_PUBLISHED =
  "tidemark is not on npm's registry yet: don't install it from there. " +
  "`npm run package` in its repository makes a tarball; begin the project again with --package.";

function tarballOption(text: string): string {
  if (/\.tgz$/.test(text) && existsSync(text)) return resolve(text);
  throw new InvalidArgumentError("Give a .tgz that is there: npm pack makes one.");
}

function nextSteps(folder: string, name: string): string {
  const path = relative(process.cwd(), folder);
  return [
    `${name} is begun${path === "" ? "" : ` in ${path}`}: pipelines/page-views.ts, its test, and infra/index.ts. Go on with:`,
    "",
    ...(path === "" ? [] : [`  cd ${path}`]),
    "  npm install",
    "  npm test",
    "  npm run dev",
    "",
    "README.md has the rest.",
  ].join("\n");
}
