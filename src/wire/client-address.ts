import { isIP } from "node:net";
import { type AddressRange, membershipOf, readRange } from "../platform/network.js";

/** Tells a client's address from the peer's and the header X-Forwarded-For. */
export interface ClientAddress {
  (peer: string, forwardedFor: string | undefined): string;
  /** Whether the peer is a trusted proxy. */
  isTrusted(peer: string): boolean;
}

/**
 * Believes X-Forwarded-For as far as it was written by trusted proxies: addresses or CIDR ranges. Throws on one that cannot be read.
 * The answer is an IP address, IPv4 in its own form; what the peer is when that is unknown.
 */
export function clientAddressBehind(trustedProxies: readonly string[]): ClientAddress {
  if (trustedProxies.length === 0) return Object.assign(normalized, { isTrusted: () => false });
  const isTrusted = membershipOf(trustedProxies.map(rangeOf));
  const addressOf = (peer: string, forwardedFor: string | undefined): string => {
    let client = normalized(peer);
    if (forwardedFor === undefined || !isTrusted(client)) return client;
    for (const hop of forwardedFor.split(",").reverse()) {
      const address = normalized(withoutPort(hop.trim()));
      // What a trusted proxy could not have written ends the chain of trust.
      if (isIP(address) === 0) return client;
      client = address;
      if (!isTrusted(client)) return client;
    }
    return client;
  };
  return Object.assign(addressOf, { isTrusted: (peer: string) => isTrusted(normalized(peer)) });
}

function normalized(address: string): string {
  const plain = address.toLowerCase();
  return plain.startsWith("::ffff:") && isIP(plain.slice(7)) === 4 ? plain.slice(7) : plain;
}

/** Some proxies write `203.0.113.7:4711` and `[2001:db8::7]:4711`. */
const withoutPort = (hop: string): string =>
  /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^(\d+(?:\.\d+){3}):\d+$/.exec(hop)?.[1] ?? hop;

function rangeOf(text: string): AddressRange {
  const range = readRange(text);
  if (!range) throw new Error(`trusted proxy "${text}" is neither an IP address nor a CIDR range`);
  return range;
}
