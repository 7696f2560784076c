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
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  type FileRulesSchema,
  field as fieldRules,
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
  /** The path of a POST whose body is the whole request. */
  readonly post?: string;
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

function methodProto({ name, input = everything, rules, get, post, streaming }: TestMethod) {
  const options = create(MethodOptionsSchema);
  if (rules) setExtension(options, methodRules, create(MethodRulesSchema, rules));
  if (get) setExtension(options, http, create(HttpRuleSchema, { pattern: { case: "get", value: get } }));
  if (post) {
    const rule = create(HttpRuleSchema, { pattern: { case: "post", value: post }, body: "*" });
    setExtension(options, http, rule);
  }
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

export interface FormField {
  readonly name: string;
  /** `file` for a message with filename, content_type and data, `folder` for one with a file in it. */
  readonly type: "file" | "folder" | "text";
  readonly list?: boolean;
  readonly files?: MessageInitShape<typeof FileRulesSchema>;
}

let forms = 0;

/** A request type made for one test. */
export function formOf(...fields: FormField[]): DescMessage {
  const { STRING, BYTES, MESSAGE } = FieldDescriptorProto_Type;
  const { OPTIONAL, REPEATED } = FieldDescriptorProto_Label;
  const packageName = `wire.form${++forms}`;
  const fieldProto = (
    { name, type, list, files: bounds }: Omit<FormField, "type"> & { type: FormField["type"] | "bytes" },
    index: number,
  ) => {
    const options = create(FieldOptionsSchema);
    if (bounds) setExtension(options, fieldRules, create(FieldRulesSchema, { files: bounds }));
    const typeName = { file: `.${packageName}.File`, folder: `.${packageName}.Folder`, text: "", bytes: "" }[
      type
    ];
    return {
      name,
      jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      number: index + 1,
      label: list ? REPEATED : OPTIONAL,
      type: { text: STRING, bytes: BYTES, file: MESSAGE, folder: MESSAGE }[type],
      typeName,
      options,
    };
  };
  const parts = [
    { name: "filename", type: "text" },
    { name: "content_type", type: "text" },
    { name: "data", type: "bytes" },
  ] as const;
  const bounds = { maxBytes: 1n, maxFiles: 1 };
  const proto = create(FileDescriptorProtoSchema, {
    name: `${packageName}.proto`,
    package: packageName,
    syntax: "proto3",
    messageType: [
      { name: "Form", field: fields.map(fieldProto) },
      { name: "File", field: parts.map(fieldProto) },
      { name: "Folder", field: [fieldProto({ name: "kept", type: "file", files: bounds }, 0)] },
    ],
  });
  const form = createFileRegistry(proto, () => undefined).getMessage(`${packageName}.Form`);
  if (!form) throw new Error("the test form was not built");
  return form;
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
