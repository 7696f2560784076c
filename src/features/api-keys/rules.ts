import { readRange } from "../../platform/network.js";

/** More keys than anybody needs, few enough to be looked through. */
export const MOST_KEYS = 100;

/** More addresses than a program has, few enough to be compared with each time. */
const MOST_IPS = 50;

/** The words of a comma-separated scope, each once. */
export const scopeOf = (text: string): string[] => [...new Set(text.split(",").map((word) => word.trim()))];

/** Whether a text has the form of a key's name. MySQL overlooks blanks at the end of what it compares. */
export const isKid = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

/** The IP addresses and CIDR ranges of a comma-separated list, each once; undefined when one is neither, or there are too many. */
export function allowedIpsOf(text: string): string[] | undefined {
  if (text.trim() === "") return [];
  const ips = [...new Set(text.split(",").map((ip) => ip.trim().toLowerCase()))];
  return ips.length <= MOST_IPS && ips.every((ip) => readRange(ip) !== undefined) ? ips : undefined;
}

/** Sealed for this key, a secret cannot be moved to another row. */
export const secretContext = (kid: string): string => `api_key:${kid}`;
