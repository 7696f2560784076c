import { type Content, component, type Operation, type Schema } from "./document.js";
import { checkJson, checkText } from "./schemas.js";

export interface Request {
  /** Without a question mark. */
  readonly query: string;
  readonly contentType?: string | undefined;
  readonly body?: string | FormData | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** What the document does not allow in a request, in words. */
export function faultsOfRequest(operation: Operation, values: Fields, request: Request): string[] {
  const query = fieldsOfPairs(new URLSearchParams(request.query));
  const body = fieldsOfBody(request, operation);
  return [
    ...faultsOfParameters(operation, { ...query, ...body, ...values }),
    ...faultsOfBody(operation, request, query, body),
  ];
}

function faultsOfParameters({ parameters = [] }: Operation, given: Fields): string[] {
  return parameters.flatMap(({ name, required, allowEmptyValue, schema }) => {
    const value = given[name];
    if (value === undefined) return required ? [`the parameter ${name} is missing`] : [];
    if (value === "" && allowEmptyValue) return [];
    const fault = checkText(schema, inLetterCase(schema, value));
    return fault === undefined ? [] : [`the parameter ${name}${fault}`];
  });
}

function faultsOfBody(
  { requestBody }: Operation,
  { contentType, body }: Request,
  query: Fields,
  fields: Fields,
): string[] {
  if (requestBody === undefined) return [];
  const { content } = requestBody;
  const type = body === undefined || body === "" ? undefined : mediaTypeOf(contentType);
  const described: Content | undefined = type === undefined ? Object.values(content)[0] : content[type];
  if (described?.schema === undefined) return [`no body of the type ${type} is described`];
  const isJson = type === "application/json" && Object.keys(query).length === 0;
  const fault = (isJson ? checkJson : checkText)(
    described.schema,
    membersInLetterCase(described.schema, { ...query, ...fields }),
  );
  return fault === undefined ? [] : [`the body${fault}`];
}

/** The members of a body; what is null counts as absent. */
function fieldsOfBody({ contentType, body }: Request, operation: Operation): Fields {
  if (body === undefined || body === "") return {};
  const type = mediaTypeOf(contentType);
  if (type === "application/json") {
    const json: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
    return Object.fromEntries(Object.entries(json ?? {}).filter(([, value]) => value !== null));
  }
  const pairs = body instanceof FormData ? body : new URLSearchParams(body);
  const encoding = operation.requestBody?.content[type]?.encoding ?? {};
  return Object.fromEntries(
    Object.entries(fieldsOfPairs(pairs)).map(([name, value]) => [
      name,
      encoding[name]?.contentType === "application/json" ? jsonIn(value) : value,
    ]),
  );
}

/** One value, or a list where a name comes more than once; files by their name. */
function fieldsOfPairs(pairs: Iterable<[string, string | File]>): Fields {
  const fields: Record<string, unknown> = {};
  for (const [name, given] of pairs) {
    const value = typeof given === "string" ? given : given.name;
    const earlier = fields[name];
    fields[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return fields;
}

/** The words of an enumeration are read in any letter case. */
function inLetterCase(schema: Schema, value: unknown): unknown {
  const isWord = "enum" in component(schema) && "$ref" in schema;
  return isWord && typeof value === "string" ? value.toLowerCase() : value;
}

function membersInLetterCase(schema: Schema, fields: Fields): Fields {
  const { properties = {} } = component(schema) as { properties?: Readonly<Record<string, Schema>> };
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, inLetterCase(properties[name] ?? {}, value)]),
  );
}

const mediaTypeOf = (contentType = ""): string => contentType.split(";")[0]?.trim().toLowerCase() ?? "";

/** A text that is no JSON stands for itself. */
function jsonIn(value: unknown): unknown {
  try {
    return JSON.parse(String(value));
  } catch {
    return value;
  }
}
