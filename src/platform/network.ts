import { BlockList, isIP } from "node:net";

/** What one subscriber has: an IPv4 address, or the first 64 bits of an IPv6 address. For counting, not for display. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [left = "", right] = address.split("::");
  const head = left === "" ? [] : left.split(":");
  if (right === undefined) return `${head.slice(0, 4).join(":")}::/64`;
  const tail = right === "" ? [] : right.split(":");
  const zeros = new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0");
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(":")}::/64`;
}

/** An IP address, or the range of them that a CIDR prefix stands for. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
  readonly family: "ipv4" | "ipv6";
}

/** Reads an IP address or a CIDR range; undefined for a text that is neither. */
export function readRange(text: string): AddressRange | undefined {
  const [, address = "", bits] = /^([0-9A-Fa-f:.]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const version = isIP(address);
  const longest = version === 4 ? 32 : 128;
  if (version === 0 || Number(bits ?? 0) > longest) return undefined;
  return { address, bits: Number(bits ?? longest), family: familyOf(version) };
}

/** Tells whether an address is in one of the ranges. */
export function membershipOf(ranges: readonly AddressRange[]): (address: string) => boolean {
  const list = new BlockList();
  for (const { address, bits, family } of ranges) list.addSubnet(address, bits, family);
  return (address) => {
    const version = isIP(address);
    return version !== 0 && list.check(address, familyOf(version));
  };
}

const familyOf = (version: number): "ipv4" | "ipv6" => (version === 4 ? "ipv4" : "ipv6");
