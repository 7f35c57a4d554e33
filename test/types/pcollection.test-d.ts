/**
 * The types of the fluent API, checked by tsc. Nothing here runs.
 */
import {
  count,
  type DoFn,
  distinctCount,
  files,
  firestore,
  fixedWindows,
  flatten,
  type KV,
  kv,
  max,
  mean,
  min,
  type None,
  outputTag,
  type PCollection,
  type Pipeline,
  pipeline,
  pubsub,
  type SideValues,
  sum,
  top,
} from "../../sdk/index.ts";
import { type Equal, expectElements } from "./expect.ts";

interface Flight {
  readonly date: string;
  readonly origin: string;
  readonly delay: number;
}

export const types: Pipeline = pipeline("types", (p) => {
  const flights = p.read(pubsub.topic<Flight>("f", { timestamp: (f) => Date.parse(f.date) }));
  expectElements<Flight>()(flights);

  const delays = flights.map((f) => kv(f.origin, f.delay));
  const sideInputs = { rates: delays.asMap(), all: flights.asList(), least: flights.asSingleton() };
  type Sides = SideValues<typeof sideInputs>;
  const _sides: Equal<
    Sides,
    {
      readonly rates: ReadonlyMap<string, number>;
      readonly all: readonly Flight[];
      readonly least: Flight;
    }
  > = true;
  const sided: DoFn<Flight, number, None, Sides> = {
    process(flight, context) {
      context.output(context.sideInput("rates").get(flight.origin) ?? 0);
      // @ts-expect-error: no side input of this name
      context.sideInput("rate");
    },
  };
  expectElements<number>()(flights.parDo(sided, { sideInputs }));
  // @ts-expect-error: the DoFn reads side inputs that nobody gives
  flights.parDo(sided);
  // @ts-expect-error: a map needs keys
  flights.asMap();

  const outputs = { main: outputTag<Flight>(), late: outputTag<string>() };
  const tagged = flights.parDo(
    {
      process(flight, context) {
        context.output(flight);
        context.outputTo("late", flight.origin);
        // @ts-expect-error: this tag carries text
        context.outputTo("late", 1);
        // @ts-expect-error: no such tag
        context.outputTo("early", flight);
      },
    },
    { outputs },
  );
  expectElements<Flight>()(tagged.main);
  expectElements<string>()(tagged.late);
  expectElements<Flight>()(flights.waitOn(tagged.late));

  const keyed = flights.keyBy((f) => f.origin).windowInto(fixedWindows({ hours: 1 }));
  expectElements<KV<string, Flight>>()(keyed);
  expectElements<string>()(keyed.keys());
  expectElements<Flight>()(keyed.values());
  expectElements<KV<string, readonly Flight[]>>()(keyed.groupByKey());

  // A record of combines infers the inputs of each part and the record of outputs.
  const hours = keyed.combinePerKey({
    flights: count(),
    delay: mean((f) => f.delay),
    total: sum((f) => f.delay),
    least: min((f) => f.delay),
    most: max((f) => f.delay),
    worst: top(3, (f) => f.delay),
    first: top(1, { compare: (a, b) => a.date.localeCompare(b.date) }),
    dates: distinctCount((f) => f.date),
  });
  expectElements<
    KV<
      string,
      {
        flights: number;
        delay: number;
        total: number;
        least: number;
        most: number;
        worst: Flight[];
        first: Flight[];
        dates: number;
      }
    >
  >()(hours);

  // So does one combine alone.
  expectElements<KV<string, number>>()(keyed.combinePerKey(mean((f) => f.delay)));
  expectElements<KV<string, Flight[]>>()(keyed.combinePerKey(top(3, (f) => f.delay)));
  expectElements<number>()(flights.combineGlobally(mean((f) => f.delay)));
  expectElements<{ n: number; d: number }>()(
    flights.combineGlobally({ n: count(), d: max((f) => f.delay) }, { withoutDefaults: true }),
  );
  const dates = keyed.values().keyBy((f) => f.date);
  expectElements<KV<string, number>>()(dates.combinePerKey(count()));

  // Sinks know the element.
  hours.write(
    firestore.collection("hours", {
      id: (r, { window }) => `${r.key}-${window.start}`,
      fields: (r, { pane }) => ({ delay: r.value.delay.toFixed(1), timing: pane.timing }),
    }),
  );
  hours.write(pubsub.topic("hours", { orderingKey: (r) => r.key }));
  hours.write(files.csv("hours", { row: (r) => [r.key, r.value.flights] }));
  hours.write(files.ndjson("hours"));

  // Files give what their format gives.
  expectElements<string>()(p.read(files.text("a.txt")));
  expectElements<Record<string, string>>()(p.read(files.csv("a.csv")));
  expectElements<Flight>()(p.read(files.ndjson<Flight>("a.ndjson")));

  // Unions, narrowing and composites.
  expectElements<string | number>()(flatten(p.create(["a"]), p.create([1])));
  expectElements<string | number>()(p.create(["a"]).flatten(p.create([1])));
  expectElements<string>()(
    p.create<string | undefined>(["a"]).filter((x): x is string => x !== undefined),
  );
  const lengths = (words: PCollection<string>): PCollection<number> => words.map((w) => w.length);
  expectElements<number>()(p.create(["a"]).apply(lengths));
  expectElements<number>()(p.create(["a"]).apply("Lengths", lengths));
  expectElements<number>()(
    p.create(["a"]).parDo<number>({
      process: (word, { output, timestamp }) => output(word.length, { timestamp }),
    }),
  );

  // The check itself sees a difference.
  // @ts-expect-error
  expectElements<number>()(p.create(["a"]));
  // @ts-expect-error
  expectElements<unknown>()(p.create(["a"]));

  // What needs pairs is an error on what are none.
  // @ts-expect-error
  flights.groupByKey();
  // @ts-expect-error
  flights.combinePerKey(count());
  // @ts-expect-error
  flights.values();
  // @ts-expect-error
  flights.keys();

  // A combine of other inputs, a sink of other elements, a field that is not there.
  // @ts-expect-error
  keyed.combinePerKey(sum());
  // @ts-expect-error
  keyed.combinePerKey({ delay: mean((s: string) => s.length) });
  // @ts-expect-error
  keyed.combinePerKey({ delay: mean((f) => f.delays) });
  // @ts-expect-error
  flights.write(files.text<string>("o"));
  // @ts-expect-error
  p.create(["a"]).apply((n: PCollection<number>) => n);
  // @ts-expect-error
  hours.write(firestore.collection("hours", {}));
});
