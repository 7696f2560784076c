import { type DescMethod, getOption } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  Access,
  field as fieldRules,
  method as methodRules,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import { servicesOfSchema } from "../support/schema-services.js";

const MAX_PUBLIC_BYTES = 64 * 1024;

/** Served over gRPC alone, to gateways: it holds the body of the request that the gateway asks about. */
const FOR_GATEWAYS = ["envoy.service.auth.v3.Authorization.Check"];

const methods = (await servicesOfSchema()).flatMap((service) => service.methods);

/** Schemas that are not ours declare no access: their methods are open to everybody. */
function isPublic(method: DescMethod): boolean {
  const access = getOption(method, methodRules).access || getOption(method.parent, serviceRules).access;
  return access === Access.PUBLIC || access === Access.UNSPECIFIED;
}

const nameOf = ({ parent, name }: DescMethod): string => `${parent.typeName}.${name}`;

test("no method that is open to everybody takes more than 64 KiB, or files", () => {
  const open = methods.filter(isPublic);
  const large = open.filter((method) => getOption(method, methodRules).maxRequestBytes > MAX_PUBLIC_BYTES);
  const withFiles = open.filter(({ input }) =>
    input.fields.some((each) => getOption(each, fieldRules).files),
  );

  expect(open.length).toBeGreaterThan(10);
  expect(large.map(nameOf)).toEqual(FOR_GATEWAYS);
  expect(withFiles.map(nameOf)).toEqual([]);
});

test("only a method that takes files takes more than 64 KiB", () => {
  const large = methods
    .filter(
      (method) => !isPublic(method) && getOption(method, methodRules).maxRequestBytes > MAX_PUBLIC_BYTES,
    )
    .filter(({ input }) => !input.fields.some((each) => getOption(each, fieldRules).files));

  expect(large.map(nameOf)).toEqual([]);
});
