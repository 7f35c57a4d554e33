/**
 * Word count: how often each word stands in Shakespeare's sonnets, and the ten that stand most often.
 *
 * Input: the lines of `examples/data/sonnets.txt`; the pipeline is bounded and ends by itself.
 * Output: NDJSON files `out/word-counts-…` (WORD_COUNT_OUT names another place), and the ten words
 * as documents `01` to `10` in `top-words`.
 */
import { count, files, firestore, type PCollection, pipeline, top } from "tidemark";

const text = "examples/data/sonnets.txt";
const out = process.env["WORD_COUNT_OUT"] ?? "out/word-counts";

/** A word, in small letters, and how often it stands in the text. */
export interface WordCount {
  readonly word: string;
  readonly count: number;
}

/** Returns the words of a line. */
export const wordsOf = (line: string): readonly string[] =>
  line.toLowerCase().match(/[a-z]+(?:['-][a-z]+)*/g) ?? [];

/** Words that stand equally often go by the alphabet, so that the ten are always the same ten. */
export const byCount = (a: WordCount, b: WordCount): number =>
  a.count - b.count || (a.word < b.word ? 1 : -1);

/** The transforms: the same behind a file and behind a topic. */
export function writeWordCounts(lines: PCollection<string>): void {
  const counts = lines
    .flatMap(wordsOf)
    .keyBy((word) => word)
    .combinePerKey(count(), { name: "words" })
    .map(({ key: word, value }) => ({ word, count: value }));

  counts.write(files.ndjson(out));

  counts
    .combineGlobally(top(10, { compare: byCount }), { name: "top words", withoutDefaults: true })
    .flatMap((words) => words.map((word, i) => ({ rank: i + 1, ...word })))
    .write(firestore.collection("top-words", { id: ({ rank }) => String(rank).padStart(2, "0") }));
}

export default pipeline("word-count", (p) => {
  p.read(files.text(text)).apply(writeWordCounts);
});
