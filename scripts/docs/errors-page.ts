import { type DescMethod, type FileRegistry, getOption } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";
import { ErrorReasonSchema } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { error as errorRules } from "../../gen/barong/options/v1/options_pb.js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import { rpcCodeOf } from "../../src/wire/answers.js";
import { derivedCodes } from "../../src/wire/steps/derived-codes.js";
import { ownFiles } from "./schema.js";

const HEAD = `# Errors

<!-- Written by \`npm run docs\` from proto/. -->

REST answers \`{"errors": ["code", …]}\`; a path that does not exist answers 404 \`{"error": "Route is not found"}\`. Connect and gRPC answer the
status of the last column with one \`google.rpc.ErrorInfo\` per code (\`reason\` is the code, \`domain\` is \`barong\`) and, for fields, a
\`google.rpc.BadRequest\`. 429 and 503 carry \`Retry-After\`.

## The catalogue

| code | HTTP | gRPC | when |
| --- | --- | --- | --- |
`;

const DERIVED = `
## Codes derived from validation

A parameter that is missing or blank answers 400, one that is present but breaks a rule 422; where both occur the answer is 400 and lists every
code, in the order of the parameters.

| method | parameter | codes |
| --- | --- | --- |
`;

/** Every code the server can answer, with its statuses. */
export function errorsPage(schema: FileRegistry): string {
  return `${HEAD}${catalogue(schema).join("\n")}\n${DERIVED}${derived(schema).join("\n")}\n`;
}

function catalogue(schema: FileRegistry): string[] {
  const reasons = schema.getEnum(ErrorReasonSchema.typeName)?.values ?? [];
  return reasons
    .filter(({ number }) => number !== 0)
    .map((value) => {
      const rules = getOption(value, errorRules);
      const when = (getComments(value).leading ?? "").trim().replaceAll(/\s+/g, " ");
      return `| \`${rules.code}\` | ${rules.status} | ${Code[rules.rpcCode || rpcCodeOf(rules.status)]} | ${when} |`;
    });
}

function derived(schema: FileRegistry): string[] {
  const methods = ownFiles(schema).flatMap(({ services }) => services.flatMap((service) => service.methods));
  return methods.flatMap((method) => rowsOf(method));
}

function rowsOf(method: DescMethod): string[] {
  const codes = derivedCodes(method);
  const fields = [...new Set(codes.map(({ field }) => field))];
  const service = method.parent.typeName.replace(/^barong\./, "").replace(/\.v1\./, ".");
  return fields.map((field) => {
    const own = codes.filter((candidate) => candidate.field === field);
    return `| ${service}.${method.name} | ${field} | ${own.map(({ code, status }) => `\`${code}\` ${status}`).join(", ")} |`;
  });
}
