/** The part of cli-progress that is used here: the package has no types of its own. */
declare module "cli-progress" {
  /** How a bar looks. */
  export interface BarOptions {
    readonly format: string;
    readonly hideCursor?: boolean;
    readonly clearOnComplete?: boolean;
    readonly fps?: number;
    readonly barsize?: number;
    readonly linewrap?: boolean | null;
  }

  /** One bar on stderr. */
  export class SingleBar {
    constructor(options: BarOptions, preset?: unknown);
    start(total: number, startValue: number, payload?: Record<string, unknown>): void;
    update(value: number, payload?: Record<string, unknown>): void;
    stop(): void;
  }

  const progress: {
    readonly SingleBar: typeof SingleBar;
    readonly Presets: { readonly shades_classic: unknown };
  };
  export default progress;
}
