import { BlockList, isIP } from "node:net";

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
  const isTrusted = membershipOf(trustedProxies);
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

function membershipOf(ranges: readonly string[]): (address: string) => boolean {
  const trusted = new BlockList();
  for (const range of ranges) {
    const [address = "", bits, ...rest] = range.split("/");
    const version = isIP(address);
    const longest = version === 4 ? 32 : 128;
    const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
    if (version === 0 || !isLength || rest.length > 0) {
      throw new Error(`trusted proxy "${range}" is neither an IP address nor a CIDR range`);
    }
    trusted.addSubnet(address, bits === undefined ? longest : Number(bits), version === 4 ? "ipv4" : "ipv6");
  }
  return (address) => {
    const version = isIP(address);
    return version !== 0 && trusted.check(address, version === 4 ? "ipv4" : "ipv6");
  };
}
