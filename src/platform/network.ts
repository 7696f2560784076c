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
