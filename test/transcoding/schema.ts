import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  create,
  createFileRegistry,
  createMutableRegistry,
  type DescMessage,
  type DescMethod,
  type FileRegistry,
  fromBinary,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { http } from "../../gen/google/api/annotations_pb.js";
import { type HttpRule, HttpRuleSchema } from "../../gen/google/api/http_pb.js";
import { file_google_api_httpbody, HttpBodySchema } from "../../gen/google/api/httpbody_pb.js";
import { PreconditionFailureSchema } from "../../gen/google/rpc/error_details_pb.js";

export const schemaProto: string = JSON.parse(
  readFileSync(join(import.meta.dirname, "cases.json"), "utf8"),
).schema_proto;

const typePackage = "transcode.cases.v1";
const files = compile(schemaProto);

export const sample = messageOf(files, `${typePackage}.Sample`);

const uploads = uploadFile();

/** `f_string`, `http_body`, `more` (a list of bytes), and what a host can receive files for: `file` and `files`, a list. */
export const upload = messageOf(uploads, `${typePackage}.Upload`);

/** `filename`, `content_type` and `data`. */
export const uploadedFile = messageOf(uploads, `${typePackage}.File`);

export interface TestMethod {
  readonly name?: string;
  readonly rule?: MessageInitShape<typeof HttpRuleSchema>;
  readonly input?: DescMessage;
  readonly output?: DescMessage;
  readonly serverStreaming?: boolean;
  readonly clientStreaming?: boolean;
}

/** Methods of a service made for one test; their types are those of the test schema. */
export function methodsOf(...wanted: TestMethod[]): DescMethod[] {
  const file = create(FileDescriptorProtoSchema, {
    name: "service.proto",
    package: typePackage,
    syntax: "proto3",
    dependency: ["cases.proto", "upload.proto", file_google_api_httpbody.proto.name],
    service: [
      {
        name: "Cases",
        method: wanted.map((method, index) => ({
          name: method.name ?? `Call${index}`,
          inputType: `.${(method.input ?? sample).typeName}`,
          outputType: `.${(method.output ?? sample).typeName}`,
          serverStreaming: method.serverStreaming ?? false,
          clientStreaming: method.clientStreaming ?? false,
          options: optionsOf(method.rule),
        })),
      },
    ],
  });
  const known = [sample.file, upload.file, file_google_api_httpbody];
  const registry = createFileRegistry(file, (name) => known.find((each) => each.proto.name === name));
  return registry.getService(`${typePackage}.Cases`)?.methods ?? [];
}

export function methodOf(method: TestMethod): DescMethod {
  const [only] = methodsOf(method);
  if (only === undefined) throw new Error("the test method was not built");
  return only;
}

/** `GET /a` and the like as a rule; kinds that google.api.http does not name become custom. */
export function ruleOf(
  method: string,
  template: string,
  more: { body?: string; responseBody?: string; additionalBindings?: HttpRule[] } = {},
): HttpRule {
  const known = ["get", "put", "post", "delete", "patch"] as const;
  const name = known.find((each) => each.toUpperCase() === method);
  const pattern =
    name === undefined
      ? { case: "custom" as const, value: { kind: method, path: template } }
      : { case: name, value: template };
  return create(HttpRuleSchema, { pattern, ...more });
}

export const registry = createMutableRegistry(sample, upload, HttpBodySchema, PreconditionFailureSchema);

function optionsOf(rule: TestMethod["rule"]) {
  const options = create(MethodOptionsSchema);
  if (rule !== undefined) setExtension(options, http, create(HttpRuleSchema, rule));
  return options;
}

function messageOf(from: FileRegistry, name: string): DescMessage {
  const message = from.getMessage(name);
  if (message === undefined) throw new Error(`${name} is not in the test schema`);
  return message;
}

function compile(proto: string): FileRegistry {
  const folder = mkdtempSync(join(tmpdir(), "transcoding-"));
  try {
    writeFileSync(join(folder, "cases.proto"), proto);
    const buf = join(import.meta.dirname, "../../node_modules/.bin/buf");
    const image = execFileSync(buf, ["build", folder, "-o", "-#format=binpb"]);
    return createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function uploadFile(): FileRegistry {
  const httpBody = `.${HttpBodySchema.typeName}`;
  const fileType = `.${typePackage}.File`;
  const { MESSAGE, STRING, BYTES } = FieldDescriptorProto_Type;
  const { OPTIONAL: label, REPEATED } = FieldDescriptorProto_Label;
  const file: FileDescriptorProto = create(FileDescriptorProtoSchema, {
    name: "upload.proto",
    package: typePackage,
    syntax: "proto3",
    dependency: [file_google_api_httpbody.proto.name],
    messageType: [
      {
        name: "Upload",
        field: [
          { name: "f_string", jsonName: "fString", number: 1, type: STRING, label },
          { name: "http_body", jsonName: "httpBody", number: 2, type: MESSAGE, typeName: httpBody, label },
          { name: "more", jsonName: "more", number: 3, type: BYTES, label: REPEATED },
          { name: "file", jsonName: "file", number: 4, type: MESSAGE, typeName: fileType, label },
          { name: "files", jsonName: "files", number: 5, type: MESSAGE, typeName: fileType, label: REPEATED },
        ],
      },
      {
        name: "File",
        field: [
          { name: "filename", jsonName: "filename", number: 1, type: STRING, label },
          { name: "content_type", jsonName: "contentType", number: 2, type: STRING, label },
          { name: "data", jsonName: "data", number: 3, type: BYTES, label },
        ],
      },
    ],
  });
  return createFileRegistry(file, () => file_google_api_httpbody);
}
