/**
 * Scaffold: the files of `template/` → a project of the user's own.
 *
 * Owns: what is written, and that nothing is written over. Does not own: what the files say
 * (template/), and reading the command line (commands/init.ts).
 *
 * SC1. A folder in which anything lies is left as it is; the `.git` of an empty repository is nothing.
 */
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MeshError } from "../../sdk/model/errors.ts";

/** What a project is begun with. */
export interface ScaffoldInput {
  /** Absolute path; made where it is not there. */
  readonly folder: string;
  readonly name: string;
  /** Absolute path of the package's tarball, which the project then holds; npm's where left out. */
  readonly tarball: string | undefined;
}

const template = fileURLToPath(new URL("./template/", import.meta.url));

/** The name that stands in the template. */
const NAME_THERE = "my-project";
const NAME_CHARS_MAX = 50;
const NAME = /^[a-z]([a-z0-9-]*[a-z0-9])?$/;

/** Files that bear the project's name. */
const named = ["package.json", "Pulumi.yaml", "README.md"];

/** Files that mean something where they lie, and so bear other names in the template. */
const renamed: readonly (readonly [from: string, to: string])[] = [
  // npm leaves a .gitignore out of packages, and goes by what it says.
  ["gitignore", ".gitignore"],
  // `tidemark` would be looked for in the nearest package.
  ["manifest.json", "package.json"],
];

/**
 * Writes a project.
 *
 * @throws ERR_OPTION if the name can't be one, or the folder is not empty
 */
export function scaffold({ folder, name, tarball }: ScaffoldInput): void {
  checkName(name);
  checkEmpty(folder);
  mkdirSync(folder, { recursive: true });
  cpSync(template, folder, { recursive: true });
  for (const [from, to] of renamed) renameSync(join(folder, from), join(folder, to));
  for (const file of named) edit(join(folder, file), (text) => text.replaceAll(NAME_THERE, name));
  if (tarball === undefined) return;
  const file = basename(tarball);
  copyFileSync(tarball, join(folder, file));
  edit(join(folder, "package.json"), (text) =>
    text.replace(/(?<="tidemark": )"[^"]*"/, () => JSON.stringify(`file:${file}`)),
  );
}

/** npm and Pulumi both take such a name, and it is safe in a path and a shell. */
function checkName(name: string): void {
  if (!NAME.test(name) || name.length > NAME_CHARS_MAX) {
    throw new MeshError(
      "ERR_OPTION",
      `A project can't have the name ${JSON.stringify(name)}: give --name with a letter, then letters, digits and hyphens, all lower case, ${NAME_CHARS_MAX} at most.`,
    );
  }
  if (name === "tidemark") {
    throw new MeshError(
      "ERR_OPTION",
      "A project can't have the name tidemark: npm installs no package below one of its own name. Give another --name.",
    );
  }
}

function checkEmpty(folder: string): void {
  const found = entriesOf(folder).filter((entry) => entry !== ".git");
  if (found.length === 0) return;
  const more = found.length > 1 ? ` and ${found.length - 1} more` : "";
  throw new MeshError(
    "ERR_OPTION",
    `${folder} is not empty: ${found[0]}${more}. A project begins in a folder of its own; give another one.`,
  );
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return [];
    if (code !== "ENOTDIR") throw error;
    throw new MeshError("ERR_OPTION", `${folder} is a file. Give a folder.`);
  }
}

function edit(file: string, change: (text: string) => string): void {
  writeFileSync(file, change(readFileSync(file, "utf8")));
}
