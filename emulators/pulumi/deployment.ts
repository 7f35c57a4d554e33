/**
 * Deployment: one preview, update or destruction of a stack.
 *
 * Owns: what happens with each resource, and what is told of it. Does not own: the program and its
 * process (runner.ts), the protocol (monitor.ts), making things (the provider).
 *
 * PD1. A preview changes neither the world nor the state.
 * PD2. After the first failure nothing new is begun; what is under way is finished and kept, so that
 *      the next run goes on from there.
 * PD3. What the program no longer declares is deleted after it ended well, and never before.
 */
import { resolveAllAssets } from "./assets.ts";
import { type Decision, decide, ignoreChanges } from "./decision.ts";
import type { Made, Provider } from "./provider.ts";
import type { Registration } from "./registration.ts";
import { goingWith, isOf, protectedText, removeAll } from "./removal.ts";
import type { ResourceRecord, StackState } from "./state.ts";
import { PROVIDER_PREFIX, STACK_TYPE, urnOf } from "./urn.ts";
import {
  hasUnknown,
  markSecrets,
  type Properties,
  plainProperties,
  secretNames,
} from "./values.ts";

/** What was done to a resource. */
export type Operation = "create" | "same" | "update" | "replace" | "delete" | "read";

/** One resource that was done with, or, in a preview, would be. */
export interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  /** Inputs that are not the same as before. */
  readonly changes: readonly string[];
  readonly durationMs: number;
}

/** Why a deployment failed. */
export interface Failure {
  /** The resource; empty where it is the program's own. */
  readonly urn: string;
  readonly text: string;
}

/** What a deployment works with. */
export interface DeploymentParts {
  readonly state: StackState;
  readonly provider: Provider;
  readonly project: string;
  readonly stack: string;
  /** Where relative paths of the program's files begin. */
  readonly folder: string;
  readonly isPreview: boolean;
  readonly onStep: (step: Step) => void;
}

/** Stands for any failure that was told of already. */
export class Stopped extends Error {}

type RegistrationCore = Omit<ResourceRecord, "id" | "outputs">;

/** One run over a stack. */
export class Deployment {
  readonly steps: Step[] = [];
  readonly failures: Failure[] = [];
  /** Outputs of the stack, as the program exports them; secrets are marked. */
  outputs: Properties = {};
  readonly #parts: DeploymentParts;
  readonly #seen = new Map<string, ResourceRecord | undefined>();
  readonly #underWay = new Set<Promise<unknown>>();

  constructor(parts: DeploymentParts) {
    this.#parts = parts;
  }

  /**
   * Does what a declared resource needs.
   *
   * @throws Stopped where it or another one failed
   */
  register(registration: Registration): Promise<ResourceRecord> {
    const { stack, project } = this.#parts;
    const urn = urnOf({ stack, project, ...registration });
    return this.#guard(urn, async () => {
      this.#claim(urn);
      this.#requireSupported(registration);
      const record = await this.#apply(urn, registration);
      this.#seen.set(urn, record);
      return record;
    });
  }

  /** Takes up a resource that somebody else made. */
  read(registration: Registration, id: string): Promise<ResourceRecord> {
    const { stack, project, provider, isPreview, state } = this.#parts;
    const urn = urnOf({ stack, project, ...registration });
    return this.#guard(urn, async () => {
      this.#claim(urn);
      if (hasUnknown(id)) return recordOf(urn, registration, { id: "", outputs: {} });
      const made = await this.#step("read", urn, registration.type, [], () =>
        provider.read(registration.type, id),
      );
      const record = { ...recordOf(urn, registration, made), isExternal: true };
      if (!isPreview) await state.put(record);
      return record;
    });
  }

  /** Asks the provider for data. */
  invoke(token: string, args: Properties): Promise<Properties> {
    return this.#guard("", () => this.#parts.provider.invoke(token, plainProperties(args)));
  }

  /** Keeps the outputs of a component or of the stack itself. */
  async putOutputs(urn: string, outputs: Properties): Promise<void> {
    const record = this.#seen.get(urn);
    if (record === undefined) return;
    if (record.type === STACK_TYPE) this.outputs = outputs;
    if (!this.#parts.isPreview) await this.#parts.state.put({ ...record, outputs });
  }

  /** Ends the deployment; what is gone from the program is deleted if all went well. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    if (this.failures.length > 0) return;
    const { state } = this.#parts;
    const gone = state.records().filter(({ urn }) => !this.#seen.has(urn));
    await this.remove([...gone, ...state.replaced()]);
  }

  /** Deletes resources, or tells what would be deleted. */
  async remove(records: readonly ResourceRecord[]): Promise<void> {
    const { state, provider, isPreview } = this.#parts;
    const isReplaced = new Set(state.replaced());
    const kept = records.filter((each) => each.isProtected && !isReplaced.has(each));
    for (const { urn } of kept) this.failures.push({ urn, text: protectedText("delete", urn) });
    if (kept.length > 0) return;
    const step = (record: ResourceRecord, work: () => Promise<void>): Promise<void> =>
      this.#guard(record.urn, () =>
        this.#step("delete", record.urn, record.type, [], isPreview ? nothing : work),
      );
    // Each failure was told of by its step.
    await removeAll(records, { state, provider, step }).catch(() => {});
  }

  #claim(urn: string): void {
    if (this.#seen.has(urn)) {
      throw new Error(`Duplicate resource URN "${urn}"; try giving it a unique name.`);
    }
    this.#seen.set(urn, undefined);
  }

  #requireSupported(registration: Registration): void {
    const { stack, project, state } = this.#parts;
    const { unsupported, aliases } = registration;
    const now = { stack, project, ...registration };
    const former = aliases.map((alias) =>
      typeof alias === "string" ? alias : urnOf({ ...now, ...alias }),
    );
    const isRenamed = former.some((urn) => urn !== urnOf(now) && state.get(urn) !== undefined);
    const unknown = isRenamed ? [...unsupported, "aliases"] : unsupported;
    if (unknown.length === 0) return;
    throw new Error(`The local engine doesn't know these options: ${unknown.join(", ")}.`);
  }

  async #apply(urn: string, registration: Registration): Promise<ResourceRecord> {
    const { state, provider, isPreview } = this.#parts;
    const { type, isCustom } = registration;
    const before = state.get(urn);
    if (!isCustom || type.startsWith(PROVIDER_PREFIX)) {
      return this.#applyOwn(urn, registration, before);
    }
    if (!isOf(provider, type)) {
      throw new Error(`No provider is here for the type ${type}, only for ${provider.name}:….`);
    }
    const inputs = await this.#inputsOf(registration, before);
    const core = coreOf(urn, { ...registration, inputs });
    await this.#check(type, plainProperties(inputs));
    const decision = decide(provider, registration, before, plainProperties(inputs));
    if (decision.operation === "replace" && before?.isProtected) {
      throw new Error(protectedText("replace", urn));
    }
    const secrets = [...secretNames(inputs), ...registration.secretOutputs];
    const made = await this.#step(decision.operation, urn, type, decision.changes, () =>
      isPreview ? foreseen(decision, core, before) : this.#make(decision, core, before),
    );
    const record = { ...core, id: made.id, outputs: markSecrets(made.outputs, secrets) };
    if (!isPreview) await this.#keep(decision, record, before);
    return record;
  }

  /** Components, the stack and providers: nothing is made for them. */
  async #applyOwn(
    urn: string,
    registration: Registration,
    before: ResourceRecord | undefined,
  ): Promise<ResourceRecord> {
    const { type, isCustom, inputs } = registration;
    const { provider } = this.#parts;
    if (isCustom && type !== `${PROVIDER_PREFIX}${provider.name}`) {
      throw new Error(`There is no ${type} here, only ${PROVIDER_PREFIX}${provider.name}.`);
    }
    const outputs = isCustom ? inputs : (before?.outputs ?? {});
    const record = recordOf(urn, registration, { id: isCustom ? urn : "", outputs });
    await this.#step(before === undefined ? "create" : "same", urn, type, [], async () => {
      if (!this.#parts.isPreview) await this.#parts.state.put(record);
    });
    return { ...record, outputs: isCustom ? outputs : {} };
  }

  async #inputsOf(
    { inputs, ignoredChanges }: Registration,
    before: ResourceRecord | undefined,
  ): Promise<Properties> {
    const resolved = await resolveAllAssets(inputs, this.#parts.folder);
    return ignoreChanges(resolved, ignoredChanges, before?.inputs);
  }

  async #check(type: string, inputs: Properties): Promise<void> {
    const failures = await this.#parts.provider.check(type, inputs);
    if (failures.length === 0) return;
    const texts = failures.map(({ property, reason }) =>
      property === "" ? reason : `${property}: ${reason}`,
    );
    throw new Error(texts.join("\n"));
  }

  async #make(
    { operation, isDeletedFirst }: Decision,
    { type, inputs: marked }: RegistrationCore,
    before: ResourceRecord | undefined,
  ): Promise<Made> {
    const { provider, state } = this.#parts;
    const inputs = plainProperties(marked);
    if (before === undefined || operation === "create") return provider.create(type, inputs);
    if (operation === "same") return before;
    if (operation === "replace") {
      if (isDeletedFirst) await this.#removeFirst(before, state.records());
      return provider.create(type, inputs);
    }
    const existing = {
      id: before.id,
      inputs: plainProperties(before.inputs),
      outputs: plainProperties(before.outputs),
    };
    return { id: before.id, outputs: await provider.update(type, existing, inputs) };
  }

  async #removeFirst(before: ResourceRecord, records: readonly ResourceRecord[]): Promise<void> {
    const { provider, state } = this.#parts;
    const going = goingWith(before, records, provider);
    const kept = going.find(({ isProtected }) => isProtected);
    if (kept !== undefined) throw new Error(protectedText("replace", kept.urn));
    const step = (record: ResourceRecord, work: () => Promise<void>): Promise<void> =>
      record === before ? work() : this.#step("delete", record.urn, record.type, [], work);
    await removeAll(going, { state, provider, step });
  }

  async #keep(
    { operation, isDeletedFirst }: Decision,
    record: ResourceRecord,
    before: ResourceRecord | undefined,
  ): Promise<void> {
    const { state } = this.#parts;
    if (operation === "replace" && !isDeletedFirst && before !== undefined) {
      await state.succeed(before, record);
    } else {
      await state.put(record);
    }
  }

  async #step<T>(
    operation: Operation,
    urn: string,
    type: string,
    changes: readonly string[],
    work: () => T | Promise<T>,
  ): Promise<T> {
    const startedMs = performance.now();
    const result = await work();
    const step = { operation, urn, type, changes, durationMs: performance.now() - startedMs };
    this.steps.push(step);
    this.#parts.onStep(step);
    return result;
  }

  /** Runs work unless something failed before; tells of its own failure once. */
  #guard<T>(urn: string, work: () => Promise<T>): Promise<T> {
    if (this.failures.length > 0) return Promise.reject(new Stopped());
    const guarded = work().catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      if (!(error instanceof Stopped)) this.failures.push({ urn, text });
      throw new Stopped(text);
    });
    this.#underWay.add(guarded);
    const done = (): void => void this.#underWay.delete(guarded);
    guarded.then(done, done);
    return guarded;
  }
}

function coreOf(urn: string, registration: Registration): RegistrationCore {
  const { type, isCustom, inputs, parent, dependencies } = registration;
  const { inputDependencies, isProtected, isRetained } = registration;
  const linked = { parent, dependencies, inputDependencies };
  return { urn, type, isCustom, inputs, ...linked, isProtected, isRetained, isExternal: false };
}

function recordOf(urn: string, registration: Registration, made: Made): ResourceRecord {
  return { ...coreOf(urn, registration), ...made };
}

/** What a preview knows of a resource. What is not said here is unknown to the program. */
function foreseen(
  { operation }: Decision,
  { inputs }: RegistrationCore,
  before: ResourceRecord | undefined,
): Made {
  if (before === undefined || operation === "create" || operation === "replace") {
    return { id: "", outputs: inputs };
  }
  if (operation === "same") return before;
  return { id: before.id, outputs: { ...before.outputs, ...inputs } };
}

async function nothing(): Promise<void> {
  // A preview deletes nothing.
}
