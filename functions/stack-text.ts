/**
 * Stack text: where a stack's lines stand in the author's files.
 *
 * Owns: the one place at which a world may say so. Does not own: reading a source map (gcp/source-maps.ts).
 *
 * It is asked only for what was thrown, so a process that never throws reads no map.
 */

let mapLines = (stack: string): string => stack;

/** Says how lines of a bundle become lines of the author's files, from now on in this process. */
export function mapStacksBy(map: (stack: string) => string): void {
  mapLines = map;
}

/** Returns a stack, or lines of one, with the author's files and lines where they are known. */
export function stackText(stack: string): string {
  return mapLines(stack);
}
