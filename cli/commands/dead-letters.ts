/**
 * `tidemark dead-letters list | show | replay | drop PIPELINE`: what a running job has set aside.
 *
 * Owns: the commands and their words. Does not own: which letters are meant (dead-letters/selection.ts)
 * and how they look (dead-letters/report.ts).
 */
import { type Command, Option } from "commander";
import { detailOf } from "../../functions/dead-letters/record.ts";
import { refusalOf, replayLetters } from "../../functions/dead-letters/replay.ts";
import { ticksOf } from "../../functions/stage-handler.ts";
import { MeshError } from "../../sdk/model/errors.ts";
import type { Connection, ConnectionFlags } from "../connection.ts";
import {
  causesOf,
  causesTable,
  letterJson,
  letterPage,
  lettersTable,
} from "../dead-letters/report.ts";
import {
  findLetters,
  hasFilter,
  LETTERS_MAX,
  type Letter,
  type LetterFilters,
  lettersById,
} from "../dead-letters/selection.ts";
import { type ReplayOutcome, watchReplay } from "../dead-letters/watch-replay.ts";
import { formatCount, formatMany } from "../format.ts";
import { countOption, momentOption } from "../options.ts";
import { outputColumns, print } from "../output.ts";
import type { Outcome } from "../program.ts";

interface ListFlags extends ConnectionFlags, LetterFilters {
  readonly limit: number;
  readonly json?: boolean;
}

interface ChoiceFlags extends ConnectionFlags, LetterFilters {
  readonly all?: boolean;
  readonly json?: boolean;
}

interface ReplayFlags extends ChoiceFlags {
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly timeout: number;
}

interface DropFlags extends ChoiceFlags {
  readonly yes?: boolean;
}

const LIMIT_DEFAULT = 50;
const TIMEOUT_DEFAULT_SECONDS = 120;

/** Letters that are read whole at once: each may be as large as a document. */
const READ_MAX = 20;

/** Adds `dead-letters` to the program. */
export function addDeadLettersCommand(program: Command, outcome: Outcome): void {
  const letters = program
    .command("dead-letters")
    .summary("list, show, replay or drop what a running pipeline has set aside")
    .description("What a running pipeline has set aside because it could not be processed.");
  addList(letters);
  addShow(letters);
  addReplay(letters, outcome);
  addDrop(letters, outcome);
}

function addList(letters: Command): void {
  const command = letters
    .command("list")
    .description("Lists dead letters, newest first, and their causes with how many each made.")
    .argument("<pipeline>", "name of the pipeline")
    .option("--limit <n>", "rows of the table", countOption, LIMIT_DEFAULT)
    .option("--json", "print a JSON object a line for each letter, with its element");
  withFilters(withPlace(command))
    .addOption(stateOption())
    .action((pipeline: string, flags: ListFlags) =>
      connected(pipeline, flags, (connection) => list(connection, flags)),
    );
}

function addShow(letters: Command): void {
  const command = letters
    .command("show")
    .description(
      "Shows all of a dead letter: its element, its error, and where to look in the code.",
    )
    .argument("<pipeline>", "name of the pipeline")
    .argument("<id>", "id of the letter")
    .option("--json", "print one JSON object and nothing else");
  withPlace(command).action((pipeline: string, id: string, flags: ChoiceFlags) =>
    connected(pipeline, flags, (connection) => show(connection, id, flags.json === true)),
  );
}

function addReplay(letters: Command, outcome: Outcome): void {
  const command = letters
    .command("replay")
    .description(
      "Sends dead letters back to the stages that set them aside. Each is taken once, however often " +
        "it is asked for; one that fails again is the same letter, open again.",
    )
    .argument("<pipeline>", "name of the pipeline")
    .argument("[id...]", "ids of letters")
    .option("--all", "all that are open")
    .option("--dry-run", "say what would be sent, and send nothing")
    .option("--wait", "wait until all are taken, and say what became of them")
    .option("--timeout <s>", "how long to wait, in s", countOption, TIMEOUT_DEFAULT_SECONDS)
    .option("--json", "print one JSON object and nothing else")
    .addHelpText(
      "after",
      "\nExit code 1 if any can't go back, failed again, or was not taken in time.",
    );
  withFilters(withPlace(command)).action((pipeline: string, ids: string[], flags: ReplayFlags) =>
    connected(pipeline, flags, async (connection) => {
      outcome.exitCode = await replay(connection, ids, flags);
    }),
  );
}

function addDrop(letters: Command, outcome: Outcome): void {
  const command = letters
    .command("drop")
    .description("Removes dead letters for good. Their messages on the dead-letter topic stay.")
    .argument("<pipeline>", "name of the pipeline")
    .argument("[id...]", "ids of letters")
    .option("--all", "all of that state")
    .option("--yes", "do it: without this it says what it would remove");
  withFilters(withPlace(command))
    .addOption(stateOption())
    .action((pipeline: string, ids: string[], flags: DropFlags) =>
      connected(pipeline, flags, async (connection) => {
        outcome.exitCode = await drop(connection, ids, flags);
      }),
    );
}

function withPlace(command: Command): Command {
  return command
    .option("--project <id>", "Google Cloud project (default: $GOOGLE_CLOUD_PROJECT)")
    .option("--database <id>", "Firestore database");
}

function withFilters(command: Command): Command {
  return command
    .option("--stage <id>", "only those of a stage; the beginning of its id is enough")
    .option("--code <code>", "only those with an error code, as ERR_USER_CODE")
    .option("--transform <text>", "only those whose transform's name or place holds this")
    .option("--match <text>", "only those whose error message holds this")
    .option(
      "--since <time>",
      "only those set aside since: 30min, 1h, 2d ago, or a date",
      momentOption,
    )
    .option("--until <time>", "only those set aside before", momentOption);
}

function stateOption(): Option {
  return new Option("--state <state>", "which ones")
    .choices(["open", "replayed", "any"])
    .default("open");
}

async function connected(
  pipeline: string,
  flags: ConnectionFlags,
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  // Google's clients take half a second to load, which the other commands need not wait for.
  const { withJob } = await import("../connection.ts");
  await withJob(pipeline, flags, use);
}

async function list({ world, deployment, job }: Connection, flags: ListFlags): Promise<void> {
  const found = await findLetters(world.store, deployment.plan, flags);
  if (flags.json === true) return printJson(world.store, found.slice(0, flags.limit));
  if (found.length === 0) return print(nothingFound(job.pipeline, flags));
  const width = outputColumns();
  const shown = found.slice(0, flags.limit);
  const more = found.length === LETTERS_MAX ? ` or more` : "";
  const state = flags.state === undefined || flags.state === "any" ? "" : `${flags.state} `;
  print(`${job.pipeline}: ${formatMany(found.length, `${state}dead letter`)}${more}\n`);
  print(lettersTable(shown, Date.now(), width));
  if (shown.length < found.length) {
    print(`… and ${formatCount(found.length - shown.length)} more (--limit)`);
  }
  print(`\n${causesTable(causesOf(found), width)}`);
}

async function printJson(
  store: Connection["world"]["store"],
  letters: readonly Letter[],
): Promise<void> {
  for (let from = 0; from < letters.length; from += READ_MAX) {
    const ids = letters.slice(from, from + READ_MAX).map(({ id }) => id);
    for (const record of await store.readDeadLetters(ids)) {
      print(JSON.stringify(letterJson(record, detailOf(record))));
    }
  }
}

function nothingFound(pipeline: string, flags: LetterFilters): string {
  const state = flags.state === "any" ? "" : `${flags.state ?? "open"} `;
  const such = hasFilter(flags) ? " like that" : "";
  return `${pipeline} has no ${state}dead letters${such}.`;
}

async function show({ world, deployment }: Connection, id: string, isJson: boolean): Promise<void> {
  await lettersById(world.store, [id]);
  const [record] = await world.store.readDeadLetters([id]);
  if (record === undefined) return;
  const detail = detailOf(record);
  print(
    isJson
      ? JSON.stringify(letterJson(record, detail), null, 2)
      : letterPage(record, detail, deployment.places ?? {}, Date.now()),
  );
}

/** The letters that a command names, or filters, or all; never all by mistake. */
async function chosen(
  { world, deployment, job }: Connection,
  ids: readonly string[],
  flags: ChoiceFlags,
): Promise<Letter[]> {
  const isFiltered = hasFilter(flags);
  if (ids.length > 0 && (isFiltered || flags.all === true)) {
    throw new MeshError("ERR_OPTION", "Give ids, or --all, or filters: not ids and one of these.");
  }
  if (ids.length > 0) return lettersById(world.store, [...new Set(ids)]);
  if (!isFiltered && flags.all !== true) {
    throw new MeshError(
      "ERR_OPTION",
      "Which dead letters? Give ids, a filter such as --since 1h, or --all.",
    );
  }
  const found = await findLetters(world.store, deployment.plan, flags);
  if (found.length === 0) throw new MeshError("ERR_OPTION", nothingFound(job.pipeline, flags));
  return found;
}

async function replay(
  connection: Connection,
  ids: readonly string[],
  flags: ReplayFlags,
): Promise<number> {
  const { world, deployment } = connection;
  const { plan } = deployment;
  const letters = await chosen(connection, ids, flags);
  if (flags.dryRun === true) return sayWhatWouldGo(letters, connection);
  const ticks = ticksOf(plan, world, deployment.options);
  const asked = letters.map(({ id }) => id);
  const { sent, refused } = await replayLetters(asked, { plan, world, ticks });
  if (flags.json !== true) {
    print(`${formatMany(sent.length, "dead letter")} sent back.`);
    for (const { id, reason } of refused) print(`${id} can't go back: ${reason}`);
  }
  const endMs = Date.now() + flags.timeout * 1_000;
  const became = flags.wait === true ? await watchReplay(world.store, sent, endMs) : undefined;
  if (flags.json === true) print(JSON.stringify({ sent, refused, ...became }));
  else if (became !== undefined) print(outcomeWords(became));
  const isWell = became === undefined || became.failed.length + became.waiting.length === 0;
  return refused.length === 0 && isWell ? 0 : 1;
}

function outcomeWords({ taken, late, failed, waiting }: ReplayOutcome): string {
  const lines = [`${formatMany(taken, "dead letter")} taken.`];
  if (late > 0) lines.push(`${late} of these came too late for their windows and were dropped.`);
  if (failed.length > 0) lines.push(`${failed.length} failed again: ${failed.join(", ")}`);
  if (waiting.length > 0) lines.push(`${waiting.length} not taken yet: ${waiting.join(", ")}`);
  return lines.join("\n");
}

function sayWhatWouldGo(letters: readonly Letter[], { deployment }: Connection): number {
  const reasonOf = (letter: Letter): string | undefined =>
    refusalOf(letter, deployment.plan) ??
    (letter.told.replay === "none" ? "`show` says why." : undefined);
  const going = letters.filter((letter) => reasonOf(letter) === undefined);
  print(`${formatMany(going.length, "dead letter")} would be sent back; nothing was.\n`);
  if (going.length > 0) print(causesTable(causesOf(going), outputColumns()));
  for (const letter of letters) {
    const reason = reasonOf(letter);
    if (reason !== undefined) print(`${letter.id} can't go back: ${reason}`);
  }
  return going.length === letters.length ? 0 : 1;
}

async function drop(
  connection: Connection,
  ids: readonly string[],
  flags: DropFlags,
): Promise<number> {
  const letters = await chosen(connection, ids, flags);
  const many = formatMany(letters.length, "dead letter");
  if (flags.yes !== true) {
    print(`${many} would be dropped for good; nothing was. Give --yes to do it.\n`);
    print(causesTable(causesOf(letters), outputColumns()));
    return 1;
  }
  await connection.world.store.deleteDeadLetters(letters.map(({ id }) => id));
  print(`${many} dropped.`);
  return 0;
}
