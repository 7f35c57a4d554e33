/**
 * Deployed: the instances of every plan that was ever put in place, today's and those of before.
 *
 * Owns: which of them takes a delivery or a tick. Does not own: when single instances start and end
 * (lives.ts), what they run.
 */
import { subscriptionOf } from "../../../functions/control/subscription-names.ts";
import type { MeshPlan } from "../../../sdk/compile/plan.ts";
import type { Pipeline } from "../../../sdk/pipeline.ts";
import type { Faults } from "./faults.ts";
import type { Handler, Life } from "./life.ts";
import { Lives, type LivesInput } from "./lives.ts";

/** How an instance takes what a subscription brings. */
export type How = "deliver" | "replay";

/** What a subscription feeds. */
interface Endpoint {
  readonly topic: string;
  readonly how: How;
  readonly lives: Lives;
}

/** The instances of one plan. */
interface Deployment {
  readonly plan: MeshPlan;
  /** By the name of the subscription that feeds them. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
  readonly tracker: Lives;
}

/** What runs on instances. */
export interface Programs {
  readonly stage: (pipeline: Pipeline, life: Life, lives: Lives) => Handler;
  readonly tracker: (life: Life, lives: Lives) => Handler;
}

/** The instances of all plans. */
export class Deployed {
  readonly #input: LivesInput;
  readonly #programs: Programs;
  readonly #faults: Faults;
  readonly #earlier: Deployment[] = [];
  #today: Deployment;

  constructor(pipeline: Pipeline, plan: MeshPlan, input: LivesInput, programs: Programs) {
    this.#input = input;
    this.#faults = input.faults;
    this.#programs = programs;
    this.#today = this.#deploy(pipeline, plan);
  }

  /** Names and topics of the subscriptions of today's plan. */
  get subscriptions(): { readonly name: string; readonly topic: string }[] {
    return [...this.#today.endpoints].map(([name, { topic }]) => ({ name, topic }));
  }

  /** The plan of today. */
  get plan(): MeshPlan {
    return this.#today.plan;
  }

  /** Returns a plan by its hash, of those that there ever were. */
  planOf(hash: string): MeshPlan | undefined {
    return [this.#today, ...this.#earlier].find(({ plan }) => plan.hash === hash)?.plan;
  }

  /** Puts a plan in the place of today's, whose instances live on. */
  replace(pipeline: Pipeline, plan: MeshPlan): void {
    this.#earlier.push(this.#today);
    this.#today = this.#deploy(pipeline, plan);
  }

  /** Returns who takes the next delivery of a subscription; undefined: no plan has it any more. */
  pick(subscription: string): { readonly life: Life; readonly how: How } | undefined {
    const of = ({ endpoints }: Deployment): Endpoint[] => {
      const endpoint = endpoints.get(subscription);
      return endpoint === undefined ? [] : [endpoint];
    };
    const [today] = of(this.#today);
    if (today === undefined) return undefined;
    const { lives, how } = this.#orEarlier(this.#earlier.flatMap(of)) ?? today;
    return { life: lives.pick(), how };
  }

  /** Returns the tracker that takes the next tick. */
  pickTracker(): Life {
    const earlier = this.#orEarlier(this.#earlier.map(({ tracker }) => tracker));
    return (earlier ?? this.#today.tracker).pick();
  }

  /** Ends all instances of everything at once. */
  crashAll(): void {
    for (const { endpoints, tracker } of [this.#today, ...this.#earlier]) {
      for (const { lives } of endpoints.values()) lives.crashAll();
      tracker.crashAll();
    }
  }

  #orEarlier<T>(earlier: readonly T[]): T | undefined {
    if (earlier.length === 0 || !this.#faults.happens("two plan generations")) return undefined;
    return earlier[this.#faults.below(earlier.length)];
  }

  #deploy(pipeline: Pipeline, plan: MeshPlan): Deployment {
    const mark = this.#earlier.length > 0 ? `@${this.#earlier.length + 1}` : "";
    const livesOf = (stage: string, start: (life: Life, lives: Lives) => Handler): Lives =>
      new Lives({ stage, plan, name: `${stage}${mark}` }, this.#input, start);
    const endpoints = new Map<string, Endpoint>();
    for (const stage of plan.stages) {
      const lives = livesOf(stage.id, (...life) => this.#programs.stage(pipeline, ...life));
      const { ingest, mailbox } = stage;
      const topic = mailbox ?? ingest?.topic ?? subscriptionOf(stage);
      endpoints.set(subscriptionOf(stage), { topic, how: "deliver", lives });
      if (ingest === undefined) continue;
      endpoints.set(ingest.replay, { topic: ingest.replay, how: "replay", lives });
    }
    return { plan, endpoints, tracker: livesOf("tracker", this.#programs.tracker) };
  }
}
