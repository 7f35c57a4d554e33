/** Query 3, LOCAL_ITEM_SUGGESTION: who sells things of one category in three states. */
import {
  bagState,
  eventTimer,
  type KV,
  type PCollection,
  statefulDoFn,
  valueState,
} from "tidemark";
import type { Auction } from "../generator/auction.ts";
import type { NexmarkEvent } from "../generator/events.ts";
import type { Person } from "../generator/person.ts";
import type { LocalItem } from "../oracles/query-3-local-item-suggestion.ts";
import { justAuctions, justPersons } from "./events-by-type.ts";

const CATEGORY = 10;
const STATES: ReadonlySet<string> = new Set(["OR", "ID", "CA"]);
/** So long after the last event of their key, persons and waiting auctions are forgotten. */
const MEMORY = { minutes: 10 };

/** Returns each auction of the category with its seller, in whatever order the two come. */
export function suggestLocalItems(events: PCollection<NexmarkEvent>): PCollection<LocalItem> {
  const persons = justPersons(events)
    .filter(({ state }) => STATES.has(state), { name: "near persons" })
    .keyBy((person) => person.id);
  const auctions = justAuctions(events)
    .filter(({ category }) => category === CATEGORY, { name: "one category" })
    .keyBy((auction) => auction.seller);
  return persons
    .flatten(auctions, { name: "persons and auctions" })
    .parDo(joinSellers, { name: "join sellers" });
}

const joinSellers = statefulDoFn<KV<number, Person | Auction>, LocalItem>()({
  state: { person: valueState<Person>(), waiting: bagState<number>() },
  timers: { forget: eventTimer() },
  process({ value }, { state, timers, output }) {
    timers.forget.offset(MEMORY).withNoOutputTimestamp().setRelative();
    if (value.type === "person") {
      state.person.write(value);
      for (const auction of state.waiting.read()) output(itemOf(value, auction));
      state.waiting.clear();
      return;
    }
    const person = state.person.read();
    if (person === undefined) state.waiting.add(value.id);
    else output(itemOf(person, value.id));
  },
  onTimer: {
    forget({ state }) {
      state.person.clear();
      state.waiting.clear();
    },
  },
});

function itemOf({ name, city, state }: Person, auction: number): LocalItem {
  return { name, city, state, auction };
}
