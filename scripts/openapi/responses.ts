import { STATUS_CODES } from "node:http";
import { getOption } from "@bufbuild/protobuf";
import { method as methodRules } from "../../gen/barong/options/v1/options_pb.js";
import type { Binding } from "../../src/transcoding/rules.js";
import { answerField, answerSchema } from "./answers.js";
import type { Catalogue } from "./catalogue.js";
import type { Components } from "./components.js";
import { headersOfSuccess, retryAfter } from "./headers.js";
import { given, type Node } from "./json.js";
import { type Refusals, refusalsOf } from "./refusals.js";

/** Everything that a binding may answer, by status. */
export function responsesOf(binding: Binding, catalogue: Catalogue, components: Components): Node {
  const refusals = refusalsOf(binding, catalogue);
  return {
    [successStatus(binding)]: successOf(binding, components),
    ...Object.fromEntries(refusals.map((refusal) => [refusal.status, refusalOf(refusal, components)])),
  };
}

const successStatus = ({ method }: Binding): number => getOption(method, methodRules).successStatus || 200;

function successOf(binding: Binding, components: Components): Node {
  return given({
    description: STATUS_CODES[successStatus(binding)] ?? "",
    headers: headersOfSuccess(binding.method, components),
    content: contentOf(binding, components),
  });
}

function contentOf(binding: Binding, components: Components): Node | undefined {
  const { method, responseBody } = binding;
  const status = successStatus(binding);
  if (status === 204 || getOption(method, methodRules).emptyBody) return undefined;
  if (method.output.typeName === "google.api.HttpBody") return { "*/*": {} };
  return { "application/json": { schema: schemaOf() } };

  function schemaOf(): Node {
    if (responseBody !== undefined) return answerField(responseBody, components);
    // What has nothing to tell tells its status.
    if (method.output.fields.length === 0) return { type: "integer", const: status };
    return answerSchema(method.output, components);
  }
}

function refusalOf(refusals: Refusals, components: Components): Node {
  const make = () => describedRefusal(refusals, components);
  if (refusals.reasons === undefined) return make();
  return components.refer("responses", refusals.reasons.map(inPascalCase).join("."), make);
}

function describedRefusal({ status, codes }: Refusals, components: Components): Node {
  const told = [...codes].map(([code, when]) => `- \`${code}\`: ${when}`);
  return given({
    description: `${STATUS_CODES[status] ?? "Refused"}\n\n${told.join("\n")}`,
    headers: status === 429 || status === 503 ? retryAfter(components) : undefined,
    content: {
      "application/json": {
        schema: {
          type: "object",
          properties: {
            errors: {
              type: "array",
              items: { type: "string", enum: [...codes.keys()] },
              minItems: 1,
              uniqueItems: true,
            },
          },
          required: ["errors"],
          additionalProperties: false,
        },
      },
    },
  });
}

const inPascalCase = (name: string): string =>
  name.toLowerCase().replace(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase());
