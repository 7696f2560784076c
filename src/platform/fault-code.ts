/** Such as ECONNRESET or UND_ERR_SOCKET. */
const CODE = /^[A-Z][A-Z0-9_]{2,60}$/;

/** The system's code of a fault or of its cause, fit for logs; undefined where it has none, for its words could hold anything. */
export function faultCode(fault: unknown): string | undefined {
  if (!(fault instanceof Error)) return undefined;
  const code: unknown = Reflect.get(fault, "code");
  return typeof code === "string" && CODE.test(code) ? code : faultCode(fault.cause);
}
