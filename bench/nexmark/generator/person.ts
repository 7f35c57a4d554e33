/** People: who joins, and who of those so far sells or bids. */
import type { NexmarkConfiguration } from "./config.ts";
import { FIRST_PERSON_ID, newestPerson } from "./ids.ts";
import type { JavaRandom } from "./java-random.ts";
import { drawPadding, drawText } from "./strings.ts";

/** Someone joined. */
export interface Person {
  readonly type: "person";
  /** Event time, in ms. */
  readonly timestamp: number;
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly creditCard: string;
  readonly city: string;
  /** One of six states of the USA, as two letters. */
  readonly state: string;
  /** Padding. */
  readonly extra: string;
}

/** Ids ahead of the newest person: some sell and bid a little before they join. */
const lead = 10;

const firstNames = "Peter Paul Luke John Saul Vicky Kate Julie Sarah Deiter Walter".split(" ");
const lastNames = "Shultz Abrams Spencer White Bartels Walton Smith Jones Noris".split(" ");
const cities =
  "Phoenix,Los Angeles,San Francisco,Boise,Portland,Bend,Redmond,Seattle,Kent,Cheyenne".split(",");
const states = "AZ CA ID OR WA WY".split(" ");

/** Draws the person of an event. */
export function drawPerson(
  eventId: number,
  random: JavaRandom,
  timestamp: number,
  config: NexmarkConfiguration,
): Person {
  const name = `${drawOneOf(random, firstNames)} ${drawOneOf(random, lastNames)}`;
  const email = `${drawText(random, 7)}@${drawText(random, 5)}.com`;
  const creditCard = Array.from({ length: 4 }, () => drawFourDigits(random)).join(" ");
  const city = drawOneOf(random, cities);
  const state = drawOneOf(random, states);
  const size = 8 + name.length + email.length + creditCard.length + city.length + state.length;
  return {
    type: "person",
    timestamp,
    id: FIRST_PERSON_ID + newestPerson(eventId),
    name,
    email,
    creditCard,
    city,
    state,
    extra: drawPadding(random, size, config.personBytesAverage),
  };
}

/** Draws the number, from 0 on, of one of the newest people or of one who soon joins. */
export function drawActivePerson(
  eventId: number,
  random: JavaRandom,
  config: NexmarkConfiguration,
): number {
  const people = newestPerson(eventId) + 1;
  const active = Math.min(people, config.activePeopleMax);
  return people - active + random.nextIntBelow(active + lead);
}

function drawOneOf(random: JavaRandom, words: readonly string[]): string {
  return words[random.nextIntBelow(words.length)] ?? "";
}

function drawFourDigits(random: JavaRandom): string {
  return String(random.nextIntBelow(10_000)).padStart(4, "0");
}
