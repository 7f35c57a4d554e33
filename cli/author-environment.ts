/**
 * Author environment: the variables of the author's shell that local functions see too.
 *
 * A pipeline may read its variables while it is built, and must be built the same everywhere.
 */

/** Returns the variables that are the author's: not those by which Node and npm run this program, nor the time zone, which is UTC as in the cloud. */
export function authorEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && !/^(NODE_|npm_|INIT_CWD$|TZ$)/i.test(name)) own[name] = value;
  }
  return own;
}
