import { getOption } from "@bufbuild/protobuf";
import {
  Access,
  method as methodRules,
  service as serviceRules,
} from "../../gen/barong/options/v1/options_pb.js";
import type { Binding } from "../../src/transcoding/rules.js";
import { patternOf } from "../../src/transcoding/template.js";
import { bodyOf } from "./bodies.js";
import type { Catalogue } from "./catalogue.js";
import { commentOf, firstSentence } from "./comments.js";
import type { Components } from "./components.js";
import { factsOf, refusesApiKeys } from "./facts.js";
import { given, type Node } from "./json.js";
import { parametersOf } from "./parameters.js";
import { responsesOf } from "./responses.js";

export interface Operation {
  readonly path: string;
  /** In lower case. */
  readonly httpMethod: string;
  readonly operation: Node;
}

/** A method that answers any HTTP method has an operation for each of these. */
const ANY = ["get", "head", "post", "put", "patch", "delete", "options"];

/** The operations of a binding of a method; `place` counts its bindings from 0. */
export function operationsOf(
  binding: Binding,
  place: number,
  catalogue: Catalogue,
  components: Components,
): Operation[] {
  const { method, httpMethod } = binding;
  const path = pathOf(binding);
  const [summary, comment] = firstSentence(catalogue.withCodes(commentOf(method)));
  const description = [comment, factsOf(method).join(" ")].filter((text) => text !== "").join("\n\n");
  // Clients are generated with a function for each of these names.
  const id = `${tagOf(method.parent)}.${method.name}${place === 0 ? "" : `.${place + 1}`}`;
  const parameters = parametersOf(binding, components);
  const operation = {
    tags: [tagOf(method.parent)],
    summary,
    description: description === "" ? undefined : description,
    security: securityOf(binding),
    parameters: parameters.length > 0 ? parameters : undefined,
    requestBody: bodyOf(binding, components),
    responses: responsesOf(binding, catalogue, components),
  };
  const httpMethods = httpMethod === "*" ? ANY : [httpMethod.toLowerCase()];
  return httpMethods.map((each) => ({
    path,
    httpMethod: each,
    operation: given({ operationId: httpMethod === "*" ? `${id}.${each}` : id, ...operation }),
  }));
}

/** `identity.UserService` for barong.identity.v1.UserService. */
export const tagOf = ({ typeName }: { readonly typeName: string }): string =>
  typeName.replace(/^barong\./, "").replace(/\.v\d+\./, ".");

/** Any one of the ways in which somebody may prove who he is. */
function securityOf({ method }: Binding): Node[] {
  const access = getOption(method, methodRules).access || getOption(method.parent, serviceRules).access;
  if (access === Access.PUBLIC) return [];
  const ofPeople = [{ bearer: [] }, { session: [] }];
  return refusesApiKeys(method)
    ? ofPeople
    : [...ofPeople, { apiKey: [], apiKeyNonce: [], apiKeySignature: [] }];
}

/** The template with a name in place of each wildcard that belongs to a variable. */
function pathOf({ template }: Binding): string {
  let path = "";
  for (let at = 0; at < template.segments.length; ) {
    const variable = template.variables.find(({ start }) => start === at);
    const end = variable?.end ?? at + 1;
    const pattern = patternOf(template, at, end);
    if (variable && pattern.includes("/")) throw new Error(`${template.source} has no words in OpenAPI yet`);
    path += `/${variable ? `{${variable.fieldPath}}` : pattern}`;
    at = end;
  }
  return template.verb === "" ? path : `${path}:${template.verbSource}`;
}
