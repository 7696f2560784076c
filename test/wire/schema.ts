import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  create,
  createFileRegistry,
  type DescFile,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import {
  MethodRulesSchema,
  method as methodRules,
  ServiceRulesSchema,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import { http } from "../../gen/google/api/annotations_pb.js";
import { HttpRuleSchema } from "../../gen/google/api/http_pb.js";

const PROTO = `
syntax = "proto3";
package wire.test.v1;
import "google/protobuf/duration.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
enum Mood { MOOD_UNSPECIFIED = 0; MOOD_VERY_GOOD = 1; }
message Leaf { string name = 1; optional int32 size = 2; }
message Everything {
  string text = 1;
  bytes blob = 2;
  bool yes = 3;
  int64 big = 4;
  uint64 huge = 5;
  double ratio = 6;
  Mood mood = 7;
  repeated string tags = 8;
  map<string, Leaf> leaves = 9;
  Leaf leaf = 10;
  repeated Leaf more = 11;
  optional string nickname = 12;
  google.protobuf.Timestamp created_at = 13;
  google.protobuf.Struct metadata = 14;
  google.protobuf.Value anything = 15;
  google.protobuf.StringValue wrapped = 16;
  google.protobuf.Duration takes = 17;
  oneof choice { string word = 18; Leaf twig = 19; }
  Everything inner = 20;
  repeated Mood moods = 21;
  map<int32, google.protobuf.Value> values = 22;
}
`;

const file = compile(PROTO);

/** A message with a field of every kind. */
export const everything = messageNamed("Everything");

interface TestMethod {
  readonly name: string;
  readonly input?: DescMessage;
  readonly rules?: MessageInitShape<typeof MethodRulesSchema>;
  readonly get?: string;
  readonly streaming?: "server" | "client";
}

interface TestService {
  readonly name?: string;
  readonly rules?: MessageInitShape<typeof ServiceRulesSchema>;
  readonly methods: readonly TestMethod[];
}

/** A service made for one test; its methods take and answer `Everything`. */
export function serviceOf({ name = "Probe", rules, methods }: TestService): DescService {
  const inputs = methods.map(({ input = everything }) => input.file);
  const known = [...new Set([file, ...inputs])];
  const built = create(FileDescriptorProtoSchema, {
    name: `${name}.proto`,
    package: "wire.test.v1",
    syntax: "proto3",
    dependency: known.map(({ proto }) => proto.name),
    service: [{ name, options: serviceOptions(rules), method: methods.map(methodProto) }],
  });
  const registry = createFileRegistry(built, (wanted) => known.find(({ proto }) => proto.name === wanted));
  const service = registry.getService(`wire.test.v1.${name}`);
  if (!service) throw new Error("the test service was not built");
  return service;
}

function methodProto({ name, input = everything, rules, get, streaming }: TestMethod) {
  const options = create(MethodOptionsSchema);
  if (rules) setExtension(options, methodRules, create(MethodRulesSchema, rules));
  if (get) setExtension(options, http, create(HttpRuleSchema, { pattern: { case: "get", value: get } }));
  return {
    name,
    inputType: `.${input.typeName}`,
    outputType: `.${everything.typeName}`,
    serverStreaming: streaming === "server",
    clientStreaming: streaming === "client",
    options,
  };
}

function serviceOptions(rules: TestService["rules"]) {
  const options = create(ServiceOptionsSchema);
  if (rules) setExtension(options, serviceRules, create(ServiceRulesSchema, rules));
  return options;
}

function messageNamed(name: string): DescMessage {
  const message = file.messages.find((each) => each.name === name);
  if (!message) throw new Error(`${name} is not in the test schema`);
  return message;
}

function compile(proto: string): DescFile {
  const folder = mkdtempSync(join(tmpdir(), "wire-"));
  try {
    writeFileSync(join(folder, "everything.proto"), proto);
    const buf = join(import.meta.dirname, "../../node_modules/.bin/buf");
    const image = execFileSync(buf, ["build", folder, "-o", "-#format=binpb"]);
    const compiled = createFileRegistry(fromBinary(FileDescriptorSetSchema, image)).getFile(
      "everything.proto",
    );
    if (!compiled) throw new Error("the test schema was not built");
    return compiled;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
