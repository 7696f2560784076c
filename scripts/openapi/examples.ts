import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type { Json } from "./json.js";

/** A plausible value of a field, by its name; undefined for one that speaks for itself. */
export function exampleOf({ name, scalar, message, enum: words, fieldKind }: DescField): Json | undefined {
  const isObject = message?.typeName === "google.protobuf.Struct";
  if (scalar === ScalarType.BYTES) return "aGVsbG8=";
  if (fieldKind === "map" || words !== undefined || (message !== undefined && !isObject)) return undefined;
  const example = EXAMPLES[name];
  return fieldKind === "list" && example !== undefined ? [example] : example;
}

const PASSWORD = "Tecohvi0";
const CODE = "123456";
const UID = "ID30DD0DD986";

const EXAMPLES: Readonly<Record<string, Json>> = {
  action: "login",
  address: "1 Baker Street",
  alg: "RS256",
  algorithm: "HS256",
  barcode: "iVBORw0KGgo=",
  challenge: "0123456789abcdef0123456789abcdef",
  city: "London",
  code: CODE,
  confirm_password: PASSWORD,
  content_type: "application/pdf",
  country: "GB",
  data: '{"reason":"OTP code is invalid"}',
  dob: "1990-02-28",
  doc_expire: "2034-12-31",
  doc_number: "AB 123456",
  doc_type: "Passport",
  e: "AQAB",
  email: "member@example.com",
  expires: 1773480413,
  filename: "passport.pdf",
  first_name: "Ada",
  gt: "48a6ebac4ebc6642d68c217fca33eb4d",
  id: 42,
  key: "email",
  kid: "61d025b8573501c2",
  kty: "RSA",
  lang: "en",
  last_name: "Byron",
  level: 1,
  limit: 100,
  message: "Code was sent successfully",
  metadata: { nationality: "GB" },
  name: "passport.pdf",
  new_password: "Gol4aid2",
  number: "447418084106",
  old_password: PASSWORD,
  otp: false,
  otp_code: CODE,
  page: 1,
  password: PASSWORD,
  path: "api/v2/orders",
  phone_number: "+44 7418 084106",
  ping: "pong",
  postcode: "NW1 6XE",
  referral_id: 7,
  result: "succeed",
  role: "member",
  scope: "trade",
  secret: "9f86d081884c7d659a2feaa0c55ad015",
  time: 1773480413,
  token: "q3Zp0m7nGZ3yQ1xkq1uVvPj5w0bH8s2dXr9tLc4fYeA",
  topic: "session",
  totp_code: CODE,
  type: "application/pdf",
  uid: UID,
  url: "https://example.com/files/42",
  use: "sig",
  user_agent: "Mozilla/5.0",
  user_id: 42,
  user_ip: "203.0.113.7",
  value: "verified",
  verification_code: CODE,
};
