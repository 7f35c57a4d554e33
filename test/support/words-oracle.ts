/**
 * Word count oracle: what `word-count.ts` must give, computed directly.
 */

/** What the pipeline must give. */
export interface WordsOutcome {
  readonly counts: ReadonlyMap<string, number>;
  /** The ten words that stand most often, by document id: `01` to `10`. */
  readonly top: ReadonlyMap<
    string,
    { readonly rank: number; readonly word: string; readonly count: number }
  >;
}

const LETTERS = /[a-z'-]/;

/** Returns what the pipeline must give for these lines. */
export function computeWords(lines: readonly string[]): WordsOutcome {
  const counts = new Map<string, number>();
  for (const line of lines) {
    for (const word of splitWords(line)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).slice(0, 10);
  return {
    counts,
    top: new Map(
      sorted.map(([word, count], i) => [
        String(i + 1).padStart(2, "0"),
        { rank: i + 1, word, count },
      ]),
    ),
  };
}

/** Letter by letter, where the example uses an expression. */
function splitWords(line: string): string[] {
  let spaced = "";
  for (const letter of line.toLowerCase()) spaced += LETTERS.test(letter) ? letter : " ";
  return spaced
    .split(" ")
    .map((word) => word.replace(/^['-]+|['-]+$/g, ""))
    .filter((word) => word !== "");
}

/** Returns in words how the files' lines differ from what they must be; the order is free. */
export function compareCounts(expected: WordsOutcome, lines: readonly string[]): string[] {
  const differences: string[] = [];
  const seen = new Set<string>();
  for (const line of lines) {
    const { word, count } = JSON.parse(line) as { word: string; count: number };
    if (seen.has(word)) differences.push(`${word}: stands twice`);
    seen.add(word);
    const wanted = expected.counts.get(word);
    if (wanted !== count) differences.push(`${word}: ${count}, but it must be ${wanted}`);
  }
  for (const word of expected.counts.keys()) {
    if (!seen.has(word)) differences.push(`${word}: no line`);
  }
  return differences;
}
