/**
 * Chain: the fused transforms of a stage, as one chain of calls.
 *
 * Owns: the wiring from the stage's root to its shuffles and sinks, and the bundle's life cycle.
 * Does not own: retries (guarded-run.ts), grouping (grouping.ts), or what is sent (outbox.ts).
 * Place on the data's way: between the shard's input (or its panes) and its outputs.
 *
 * X1. An element passes through the chain by calls alone: no promise, no queue, no encoding.
 * X2. Until `finish` nothing has left the chain; `discard` forgets a bundle whole.
 * X3. A bundle is given up when an element's code does not settle in time. What that code still gives
 *     belongs to no bundle, and is dropped.
 */
import type {
  FlatMapNode,
  GraphNode,
  MapNode,
  ParDoNode,
  ShuffleNode,
  StatefulParDoNode,
  WindowIntoNode,
} from "../sdk/model/graph.ts";
import type { Window } from "../sdk/model/window.ts";
import { assignerOf, isSingleWindowFn, windowsAssignerOf } from "../sdk/windowing/window-fn.ts";
import type { BundleOutputs } from "./bundle-outputs.ts";
import { type DoFnHost, DoFnLife, type PendingElement } from "./do-fn-life.ts";
import type { DoFnOutputs } from "./do-fn-outputs.ts";
import { DoFnRunner } from "./do-fn-runner.ts";
import { Finalizers } from "./finalizers.ts";
import { ChainMetrics, leaveStep, type StepMetrics } from "./metrics/chain-metrics.ts";
import { Failures } from "./metrics/failures.ts";
import type { EngineOptions } from "./options.ts";
import type { Program } from "./program.ts";
import { settled } from "./settled.ts";
import {
  idsFor,
  type Receive,
  type ShuffleContext,
  type ShuffleWriter,
  type SourceId,
  shuffleWriter,
} from "./shuffle.ts";
import type { SideViews } from "./sides/side-views.ts";
import { linesOf, newSinkBuffers, type SinkBuffers, sinkReceiver } from "./sink.ts";
import { placeOf, shuffleError, userError } from "./user-errors.ts";

/** Asynchronous elements that may be under way at once in one bundle. */
const PENDING_MAX = 256;

/** The fused transforms of a stage. */
export class Chain implements DoFnHost {
  /** Takes what the stage's root gives. */
  readonly receive: Receive;
  /** The same, and where a root's tagged outputs go. */
  readonly outputs: DoFnOutputs;
  /** Set before each element of an ingest stage. */
  source: SourceId | undefined;
  /** Set before each run of a stage that reads side inputs. */
  sides: SideViews | undefined;
  readonly pending: PendingElement[] = [];
  epoch = 0;
  /** What user code counts. */
  readonly metrics: ChainMetrics = new ChainMetrics();
  /** What went wrong since the last commit. */
  readonly failures: Failures = new Failures();
  readonly #writers: ShuffleWriter[] = [];
  /** Ids for what goes to each stage. */
  readonly #ids = new Map<string, () => string | undefined>();
  readonly finalizers: Finalizers = new Finalizers();
  readonly #doFns: DoFnLife[] = [];
  /** By node: behind a flatten one receiver serves several producers. */
  readonly #receivers = new Map<string, Receive>();
  #sinks: SinkBuffers = newSinkBuffers();
  readonly #program: Program;
  readonly #options: EngineOptions;

  constructor(program: Program, options: EngineOptions) {
    this.#program = program;
    this.#options = options;
    const { root } = program;
    this.outputs = root.kind === "statefulParDo" ? this.#outputsOf(root) : this.#plainOutput(root);
    this.receive = this.outputs.main;
    // Its elements are fed by stateful/, but its bundles are these.
    if (root.kind === "statefulParDo") this.#doFns.unshift(new DoFnLife(root, this, this.receive));
  }

  get userCodeMsMax(): number {
    return this.#options.userCodeMsMax;
  }

  /** Whether any DoFn must be told of the beginning and end of a bundle. */
  get hasDoFns(): boolean {
    return this.#doFns.length > 0;
  }

  async start(): Promise<void> {
    for (const doFn of this.#doFns) await doFn.startBundle();
  }

  /** Resolves when few enough elements are under way to take more. */
  async room(): Promise<void> {
    leaveStep();
    if (this.pending.length >= PENDING_MAX) await this.#settle();
  }

  /** Ends the bundle and returns all that it gave. */
  async finish(): Promise<BundleOutputs> {
    leaveStep();
    for (const doFn of this.#doFns) {
      await this.#settle();
      await doFn.finishBundle();
    }
    await this.#settle();
    const sinks = this.#sinks;
    this.#sinks = newSinkBuffers();
    const shuffled = this.#writers.reduce((sum, writer) => sum + writer.count(), 0);
    const bundles = this.#writers.flatMap((writer) => writer.take());
    leaveStep();
    return {
      bundles,
      documents: sinks.documents,
      messages: sinks.messages,
      files: linesOf(sinks),
      elements: shuffled + sinks.elements,
      finalizers: this.finalizers.take(),
    };
  }

  /** Forgets the bundle at hand. */
  async discard(): Promise<void> {
    leaveStep();
    // One that ends may have begun another, further down the chain.
    while (this.pending.length > 0) {
      try {
        await this.#allSettled();
      } catch {
        break; // The bundle is forgotten anyway.
      }
    }
    for (const writer of this.#writers) writer.discard();
    this.#sinks = newSinkBuffers();
    this.metrics.discard();
    this.finalizers.take();
  }

  async teardown(): Promise<void> {
    for (const doFn of this.#doFns) await doFn.teardown();
  }

  async #settle(): Promise<void> {
    while (this.pending.length > 0) {
      // All have ended before the first failure is told: none may emit into a later bundle (X2).
      const ended = await this.#allSettled();
      const failed = ended.find((element) => element.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    }
  }

  /** Several transforms may feed one stage: their elements are told apart by one count. */
  #idsOf(stage: string): () => string | undefined {
    const ids = this.#ids.get(stage) ?? idsFor(() => this.source);
    this.#ids.set(stage, ids);
    return ids;
  }

  /** @throws ERR_USER_CODE if one does not settle in time: the bundle is given up (X3) */
  async #allSettled(): Promise<PromiseSettledResult<void>[]> {
    const elements = this.pending.splice(0);
    const ended = Promise.allSettled(elements.map(({ promise }) => promise));
    const slow = (): string => {
      this.epoch++;
      this.pending.length = 0;
      const first = elements.find(({ isOver }) => !isOver);
      return placeOf(first?.node ?? this.#program.root);
    };
    return settled(ended, this.#options.userCodeMsMax, slow);
  }

  /** The receiver of a node's output: all that takes it, here and beyond the shuffles. */
  #outputOf(node: GraphNode): Receive {
    const receivers = this.#program
      .consumers(node.id)
      .map((consumer) => this.#receiverOf(consumer));
    for (const target of this.#program.shuffles(node.id)) {
      const writer = namedWriter(target.node, this.metrics.step(target.node.name), {
        stage: target.stage.id,
        shards: target.stage.shards,
        lift: target.lift,
        bundleElementsMax: this.#options.bundleElementsMax,
        side: target.side,
        nextId: this.#idsOf(target.stage.id),
      });
      this.#writers.push(writer);
      receivers.push(writer.receive);
    }
    const [only] = receivers;
    if (only !== undefined && receivers.length === 1) return only;
    return (value, timestamp, window, pane) => {
      for (const receive of receivers) receive(value, timestamp, window, pane);
    };
  }

  #receiverOf(node: GraphNode): Receive {
    let receiver = this.#receivers.get(node.id);
    if (receiver === undefined) {
      receiver = this.#newReceiver(node);
      this.#receivers.set(node.id, receiver);
    }
    return receiver;
  }

  #newReceiver(node: GraphNode): Receive {
    const step = this.metrics.step(node.name);
    if (node.kind === "sink") {
      const write = sinkReceiver(
        node,
        () => this.#sinks,
        () => this.source,
        this.#program.plan.pipeline,
      );
      return (value, timestamp, window, pane) => {
        step.enter();
        write(value, timestamp, window, pane);
      };
    }
    if (node.kind === "parDo") return this.#doFnReceiver(node);
    const next = this.#outputOf(node);
    switch (node.kind) {
      case "map":
        return mapReceiver(node, step, next);
      case "flatMap":
        return flatMapReceiver(node, step, next);
      case "filter":
        return (value, timestamp, window, pane) => {
          if (attempt(node, step, node.fn, value)) next(value, timestamp, window, pane);
        };
      case "windowInto":
        return windowReceiver(node, step, next);
      default:
        return next;
    }
  }

  #plainOutput(node: GraphNode): DoFnOutputs {
    return { main: this.#outputOf(node), tagged: new Map() };
  }

  /** Where a ParDo's outputs go: one receiver for each tag, or one for all. */
  #outputsOf(node: ParDoNode | StatefulParDoNode): DoFnOutputs {
    if (node.tags.length === 0) return this.#plainOutput(node);
    const main = this.#outputOf(node);
    const tagged = new Map<string, Receive>();
    for (const consumer of this.#program.consumers(node.id)) {
      if (consumer.kind === "taggedOutput") tagged.set(consumer.tag, this.#receiverOf(consumer));
    }
    return { main: tagged.get("main") ?? main, tagged };
  }

  #doFnReceiver(node: Extract<GraphNode, { kind: "parDo" }>): Receive {
    // Registered before its consumers are: finishBundle goes down the chain.
    const place = this.#doFns.length;
    const runner = new DoFnRunner(node, this, this.#outputsOf(node));
    this.#doFns.splice(place, 0, runner.life);
    return runner.receive;
  }
}

/** An element in several windows is one element for each of them. */
function windowReceiver(node: WindowIntoNode, step: StepMetrics, next: Receive): Receive {
  const { windowFn } = node.windowing;
  if (isSingleWindowFn(windowFn)) {
    const assign = assignerOf(windowFn);
    return (value, timestamp, _window, pane) => next(value, timestamp, assign(timestamp), pane);
  }
  const assignAll = windowsAssignerOf(windowFn);
  return (value, timestamp, window, pane) => {
    let windows: readonly Window[];
    step.enter();
    try {
      windows = assignAll(timestamp, value, window);
    } catch (cause) {
      throw userError(node, cause);
    }
    for (const each of windows) next(value, timestamp, each, pane);
  };
}

function mapReceiver(node: MapNode, step: StepMetrics, next: Receive): Receive {
  return (value, timestamp, window, pane) =>
    next(attempt(node, step, node.fn, value), timestamp, window, pane);
}

function flatMapReceiver(node: FlatMapNode, step: StepMetrics, next: Receive): Receive {
  return (value, timestamp, window, pane) => {
    const outputs = attempt(node, step, node.fn, value);
    if (Array.isArray(outputs)) {
      for (const output of outputs) next(output, timestamp, window, pane);
      return;
    }
    // A generator runs while it is read, so what it throws is still the user's.
    const begin = (from: Iterable<unknown>): Iterator<unknown> => from[Symbol.iterator]();
    const iterator = attempt(node, step, begin, outputs);
    for (;;) {
      const result = attempt(node, step, (from: Iterator<unknown>) => from.next(), iterator);
      if (result.done === true) return;
      next(result.value, timestamp, window, pane);
    }
  };
}

/**
 * A writer whose errors name the shuffle: keys, coders and combiners that are lifted before it may
 * be the user's own code.
 */
function namedWriter(node: ShuffleNode, step: StepMetrics, context: ShuffleContext): ShuffleWriter {
  const writer = shuffleWriter(node, context);
  return {
    receive(value, timestamp, window, pane) {
      step.enter();
      try {
        writer.receive(value, timestamp, window, pane);
      } catch (cause) {
        throw shuffleError(node, cause);
      }
    },
    count: () => writer.count(),
    take() {
      step.enter();
      try {
        return writer.take();
      } catch (cause) {
        throw shuffleError(node, cause);
      }
    },
    discard: () => writer.discard(),
  };
}

function attempt<A, R>(node: GraphNode, step: StepMetrics, fn: (argument: A) => R, argument: A): R {
  step.enter();
  try {
    return fn(argument);
  } catch (cause) {
    throw userError(node, cause);
  }
}
