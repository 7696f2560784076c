import { passwordEntropy } from "./password-strength.js";

/** Why a password is refused; in the order in which clients expect the codes. */
export type PasswordFault = "too_long" | "requirements" | "strength";

const longestPassword = 72;
const longestLine = 80;
const shortestLine = 8;
export const defaultMinimumBits = 14;

/**
 * Everything that is wrong with a password, nothing when it may be used. Lengths count characters, not bytes.
 * A blank password is told by its caller: here it merely fails the requirements and the strength.
 */
export function passwordFaults(password: string, minimumBits = defaultMinimumBits): PasswordFault[] {
  // The hash is made of the composed form, so both forms of one password are judged alike.
  const composed = password.normalize("NFC");
  const faults: PasswordFault[] = [];
  if (!hasAtMost(longestPassword, composed)) faults.push("too_long");
  if (!composed.split("\n").some(meetsRequirements)) faults.push("requirements");
  if (passwordEntropy(composed) < minimumBits) faults.push("strength");
  return faults;
}

// Clients know this rule as /^(?=.*[[:lower:]])(?=.*[[:upper:]])(?=.*[[:digit:]]).{8,80}$/, which holds per line.
const meetsRequirements = (line: string): boolean =>
  hasAtMost(longestLine, line) &&
  !hasAtMost(shortestLine - 1, line) &&
  /\p{Lowercase}/u.test(line) &&
  /\p{Uppercase}/u.test(line) &&
  /\p{Nd}/u.test(line);

/** Whether a text has at most `limit` characters, without counting those of a huge one. */
const hasAtMost = (limit: number, text: string): boolean =>
  text.length <= limit || (text.length <= 2 * limit && [...text].length <= limit);
