import { type DescMethod, type FileRegistry, getOption } from "@bufbuild/protobuf";
import { getComments } from "@bufbuild/protoplugin";
import { ErrorReasonSchema } from "../../gen/barong/errors/v1/error_reason_pb.js";
import { type ErrorRules, error as errorRules } from "../../gen/barong/options/v1/options_pb.js";
import { Code } from "../../gen/google/rpc/code_pb.js";
import { compileRules } from "../../src/transcoding/rules.js";
import { rpcCodeOf } from "../../src/wire/answers.js";
import { derivedCodes } from "../../src/wire/steps/derived-codes.js";
import { Catalogue } from "../openapi/catalogue.js";
import { refusalsOf } from "../openapi/refusals.js";
import { ownFiles } from "./schema.js";

const HEAD = `# Errors

<!-- Written by \`npm run docs\` from proto/. -->

REST answers \`{"errors": ["code", …]}\`; a path that does not exist answers 404 \`{"error": "Route is not found"}\`. Connect and gRPC answer the
status of the last column with one \`google.rpc.ErrorInfo\` per code (\`reason\` is the code, \`domain\` is \`barong\`) and, for fields, a
\`google.rpc.BadRequest\`. 429 and 503 carry \`Retry-After\`.

## The catalogue

| code | HTTP | gRPC | when | from |
| --- | --- | --- | --- | --- |
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
  const sources = sourcesIn(schema);
  return reasons
    .filter(({ number }) => number !== 0)
    .map((value) => {
      const rules = getOption(value, errorRules);
      const when = (getComments(value).leading ?? "").trim().replaceAll(/\s+/g, " ");
      return `| \`${rules.code}\` | ${rules.status} | ${Code[rules.rpcCode || rpcCodeOf(rules.status)]} | ${when} | ${sources(rules)} |`;
    });
}

/** More methods than this are named together. */
const MOST_NAMED = 12;

/** Which methods answer a code of the catalogue, as far as they can tell over REST. */
function sourcesIn(schema: FileRegistry): (rules: ErrorRules) => string {
  const files = ownFiles(schema);
  const methods = files.flatMap(({ services }) => services.flatMap((service) => service.methods));
  const { bindings } = compileRules(methods, { collapseSlashes: true, ignoreTrailingSlash: true });
  const known = new Catalogue(files);
  const refused = bindings.map((binding) => ({
    name: shortNameOf(binding.method),
    refusals: refusalsOf(binding, known),
  }));
  return ({ code, status }) => {
    const answers = refused.filter(({ refusals }) =>
      refusals.some((refusal) => refusal.status === status && refusal.codes.has(code)),
    );
    if (answers.length === 0) return "the server, before or around any method";
    if (answers.length > MOST_NAMED) return `${answers.length} methods`;
    return answers.map(({ name }) => name).join(", ");
  };
}

function derived(schema: FileRegistry): string[] {
  const methods = ownFiles(schema).flatMap(({ services }) => services.flatMap((service) => service.methods));
  return methods.flatMap((method) => rowsOf(method));
}

const shortNameOf = ({ parent, name }: DescMethod): string =>
  `${parent.typeName.replace(/^barong\./, "").replace(/\.v1\./, ".")}.${name}`;

function rowsOf(method: DescMethod): string[] {
  const codes = derivedCodes(method);
  const fields = [...new Set(codes.map(({ field }) => field))];
  return fields.map((field) => {
    const own = codes.filter((candidate) => candidate.field === field);
    return `| ${shortNameOf(method)} | ${field} | ${own.map(({ code, status }) => `\`${code}\` ${status}`).join(", ")} |`;
  });
}
