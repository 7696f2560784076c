import { type DescField, getOption } from "@bufbuild/protobuf";
import { field as fieldRules, method as methodRules } from "../../gen/barong/options/v1/options_pb.js";
import type { Binding } from "../../src/transcoding/rules.js";
import { isRequired } from "../../src/wire/steps/rules.js";
import { SECOND_FACTOR_FIELD } from "../../src/wire/steps/second-factor.js";
import type { Components } from "./components.js";
import { exampleOf } from "./examples.js";
import { given, type Node } from "./json.js";
import { requestValue } from "./requests.js";

/** Whether the parameters of a binding that are not in its path come in a body. */
export const hasBody = ({ httpMethod, body }: Binding): boolean =>
  body !== undefined && httpMethod !== "DELETE";

/** The fields of the request that the path does not give. */
export const fieldsBesidePath = ({ method, givenByPath }: Binding): DescField[] =>
  method.input.fields.filter(({ name }) => !givenByPath.has(name));

/** Whether a request without the field is refused. */
export const isNeeded = (field: DescField, { method }: Binding): boolean =>
  isRequired(field) || (field.name === SECOND_FACTOR_FIELD && getOption(method, methodRules).secondFactor);

/** The parameters in the path and in the query. A DELETE has all of its own in the query, as many clients send no body with it. */
export function parametersOf(binding: Binding, components: Components): Node[] {
  const inPath = binding.variables.map(({ variable, target }) => {
    const segments = binding.template.segments.slice(variable.start, variable.end);
    const isRest = segments.some(({ kind }) => kind === "rest");
    return given({
      ...parameter(target.last, "path", components),
      name: variable.fieldPath,
      required: true,
      example: exampleOf(target.last),
      // OpenAPI has no word for a parameter with slashes in it.
      "x-multiple-segments": isRest || undefined,
    });
  });
  if (hasBody(binding)) return inPath;
  const inQuery = fieldsBesidePath(binding).map((field) =>
    given({
      ...parameter(field, "query", components),
      required: isNeeded(field, binding) || undefined,
      // What is not needed would only be in the way of who tries it out.
      example: isNeeded(field, binding) ? exampleOf(field) : undefined,
      allowEmptyValue: getOption(field, fieldRules).blankIsUnset || undefined,
    }),
  );
  return [...inPath, ...inQuery];
}

function parameter(field: DescField, place: "path" | "query", components: Components): Node {
  const { description, ...schema } = requestValue(field, components);
  return given({ name: field.name, in: place, description, schema });
}
