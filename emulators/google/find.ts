/**
 * Where Google's own emulators are on this machine.
 *
 * Owns: the search, and what to tell when they are not there. Does not own: starting them (start.ts).
 */
import { execFile } from "node:child_process";
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** How long `gcloud info` and `java -version` may take. Own choice: 1 s is usual. */
const COMMAND_MS_MAX = 15_000;

const run = promisify(execFile);

/** Google's emulators on this machine. */
export interface GoogleEmulators {
  readonly sdkRoot: string;
  readonly java: string;
  readonly pubsubJar: string;
  readonly firestoreJar: string;
}

/** What the search found, and a sentence with the way out for each thing that it didn't. */
export interface GoogleSearch extends Partial<GoogleEmulators> {
  readonly missing: readonly string[];
}

/**
 * Returns Google's emulators, or undefined where one of them or Java is missing.
 *
 * @see searchGoogleEmulators for the reason
 */
export async function findGoogleEmulators(): Promise<GoogleEmulators | undefined> {
  const { sdkRoot, java, pubsubJar, firestoreJar } = await searchGoogleEmulators();
  if (sdkRoot && java && pubsubJar && firestoreJar) {
    return { sdkRoot, java, pubsubJar, firestoreJar };
  }
  return undefined;
}

/** Searches for the emulators and tells what is missing. */
export async function searchGoogleEmulators(): Promise<GoogleSearch> {
  const [java, sdkRoot] = await Promise.all([findJava(), findSdkRoot()]);
  const pubsubJar = sdkRoot && (await findJar(sdkRoot, "pubsub-emulator/lib"));
  const firestoreJar = sdkRoot && (await findJar(sdkRoot, "cloud-firestore-emulator"));
  const missing: string[] = [];
  if (!java) missing.push("There is no java (17 or newer): install a JRE, or set JAVA_HOME.");
  if (!sdkRoot) {
    missing.push(
      "There is no Google Cloud SDK: install it, or set CLOUDSDK_ROOT_DIR to its folder.",
    );
  } else {
    if (!pubsubJar) missing.push(installHint("pubsub-emulator", sdkRoot));
    if (!firestoreJar) missing.push(installHint("cloud-firestore-emulator", sdkRoot));
  }
  return {
    ...(sdkRoot && { sdkRoot }),
    ...(java && { java }),
    ...(pubsubJar && { pubsubJar }),
    ...(firestoreJar && { firestoreJar }),
    missing,
  };
}

function installHint(component: string, sdkRoot: string): string {
  return `The Google Cloud SDK in ${sdkRoot} has no ${component}: run "gcloud components install ${component}" or install its package.`;
}

async function findJava(): Promise<string | undefined> {
  const home = process.env["JAVA_HOME"];
  const candidates = home === undefined ? ["java"] : [join(home, "bin", "java"), "java"];
  for (const java of candidates) {
    // On macOS a `java` without a JRE exists, and fails: only running it tells.
    if ((await output(java, ["-version"])) !== undefined) return java;
  }
  return undefined;
}

/** The known places first: asking gcloud takes about a second. */
async function findSdkRoot(): Promise<string | undefined> {
  const explicit = process.env["CLOUDSDK_ROOT_DIR"];
  if (explicit !== undefined && explicit !== "") return explicit;
  const usual = [
    "/usr/lib/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    join(homedir(), "google-cloud-sdk"),
  ];
  for (const root of usual) {
    if (await findJar(root, "pubsub-emulator/lib")) return root;
    if (await findJar(root, "cloud-firestore-emulator")) return root;
  }
  const told = await output("gcloud", ["info", "--format=value(installation.sdk_root)"]);
  return told?.trim() || undefined;
}

/** The jar's name has a version, so it is looked for. */
async function findJar(sdkRoot: string, folderOfPlatform: string): Promise<string | undefined> {
  const folder = join(sdkRoot, "platform", folderOfPlatform);
  // A folder that can't be read has no jar that could be run.
  const names = await readdir(folder).catch(() => []);
  const jar = names.find((name) => name.endsWith(".jar"));
  return jar && join(folder, jar);
}

/** What a command writes; undefined where it is missing or fails. */
async function output(command: string, given: readonly string[]): Promise<string | undefined> {
  try {
    return (await run(command, given, { timeout: COMMAND_MS_MAX })).stdout;
  } catch {
    // Missing, broken or hanging: each means that it can't be used.
    return undefined;
  }
}
