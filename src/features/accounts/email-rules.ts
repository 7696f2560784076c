const longestAddress = 255;

const letterOrDigit = String.raw`[\p{Alphabetic}\p{M}\p{Nd}]`;
const localCharacter = String.raw`[-\p{Lu}\p{Ll}\p{Lt}\p{Nd}+_!"'#$%^&*{}/=?${"`"}|~]`;
// Single dots, never first or last; dots do not count towards the 64.
const localPart = String.raw`${localCharacter}(?:\.?${localCharacter}){0,63}`;
const label = `${letterOrDigit}(?:-{0,62}${letterOrDigit})*`;
// Written so that each character can be read in one way only: no input makes it backtrack more than once.
const host = String.raw`(?:${label}\.)*(?:${label})?\p{Alphabetic}`;
const address = new RegExp(`^${localPart}@${host}$`, "u");

/** The form in which addresses are stored and compared: no surrounding blanks, lower case, composed (NFC). */
export const normaliseEmail = (text: string): string => text.trim().toLowerCase().normalize("NFC");

/**
 * Whether a text is an e-mail address of at most 255 characters. Generous as its predecessor was: a host needs no dot and
 * letters may be of any script, but the host ends with a letter. Takes linear time.
 */
export function isEmailAddress(text: string): boolean {
  const normal = normaliseEmail(text);
  return normal.length <= longestAddress && address.test(normal);
}
