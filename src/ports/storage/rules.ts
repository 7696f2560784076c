const LONGEST_KEY = 255;
const LONGEST_LINK_SECONDS = 7 * 86400;

/** Whether a key has the form of those we make. Such a key means the same as a path and in a URL, and leads out of no folder. */
export const isKey = (key: string): boolean =>
  key.length <= LONGEST_KEY && /^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/.test(key);

/** Keys are made by our own code, so that another form is a mistake in it. */
export function assertKey(key: string): void {
  if (!isKey(key)) throw new Error(`"${key}" is not a storage key`);
}

/** Without it a link for 0 seconds would last a week: S3 clients take it for the absence of a limit. */
export function assertLifetime(seconds: number): void {
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > LONGEST_LINK_SECONDS) {
    throw new Error(`a link cannot live for ${seconds} seconds`);
  }
}
