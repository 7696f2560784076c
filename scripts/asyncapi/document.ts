import type { DescMessage, FileRegistry } from "@bufbuild/protobuf";
import { commentOf, firstSentence } from "../openapi/comments.js";
import type { Node } from "../openapi/json.js";
import { eventNameOf, partsOf, schemaOf } from "./schemas.js";

const PACKAGE = "barong.events.v1";

const ABOUT = `What Barong tells other services: to listeners at RabbitMQ in the envelope of Barong 2, and to webhooks as JSON of its own. Every event is
told at least once, in the order of its account; whoever drops ids seen before has each once. docs/events.md of the server says more.`;

/** Where a service at a broker or behind a webhook gets which events, as AsyncAPI 3.0. */
export function asyncapiDocument(schema: FileRegistry, version: string): Node {
  const events = [...schema.files]
    .filter(({ proto }) => proto.package === PACKAGE)
    .flatMap(({ messages }) => messages)
    .filter((message) => eventNameOf(message) !== "")
    .sort((one, other) => (eventNameOf(one) < eventNameOf(other) ? -1 : 1));
  const parts = new Map(events.flatMap(partsOf).map((part) => [part.name, part]));
  return {
    asyncapi: "3.0.0",
    info: {
      title: "Barong events",
      version,
      description: ABOUT.replaceAll("\n", " "),
      license: { name: "Apache-2.0" },
    },
    defaultContentType: "application/json",
    servers: {
      broker: { host: "rabbitmq:5672", protocol: "amqp", description: "EVENT_API_RABBITMQ_URL" },
      webhook: { host: "receiver.example.com", protocol: "https", description: "WEBHOOKS_FILE" },
    },
    channels: Object.fromEntries([
      ...events.map((event) => [eventNameOf(event), brokerChannel(event)]),
      ["webhooks", webhookChannel(events)],
    ]),
    operations: Object.fromEntries([
      ...events.map((event) => [`publish.${eventNameOf(event)}`, publication(event)]),
      ["post.webhooks", { action: "send", channel: { $ref: "#/channels/webhooks" }, summary: POSTED }],
    ]),
    components: {
      messages: Object.fromEntries(
        events.flatMap((event) => [
          [event.name, brokerMessage(event)],
          [`${event.name}Webhook`, webhookMessage(event)],
        ]),
      ),
      schemas: Object.fromEntries([
        ...[...parts.values()].map((part) => [part.name, schemaOf(part)]),
        ...events.map((event) => [event.name, schemaOf(event)]),
        ...events.map((event) => [`${event.name}Claims`, claims(event)]),
      ]),
      messageTraits: { signed: { headers: WEBHOOK_HEADERS } },
    },
  };
}

const POSTED = "Each event that the webhook's filter lets pass, signed as Standard Webhooks has it.";

/** As listeners have to declare it, flag by flag. */
function brokerChannel(event: DescMessage): Node {
  const [category = "", ...rest] = eventNameOf(event).split(".");
  const exchange = {
    name: `barong.events.${category}`,
    type: "direct",
    durable: false,
    autoDelete: false,
    vhost: "/",
  };
  return {
    address: rest.join("."),
    description: commentOf(event),
    servers: [{ $ref: "#/servers/broker" }],
    messages: { [event.name]: { $ref: `#/components/messages/${event.name}` } },
    bindings: { amqp: { is: "routingKey", exchange, bindingVersion: "0.3.0" } },
  };
}

const publication = (event: DescMessage): Node => ({
  action: "send",
  channel: { $ref: `#/channels/${eventNameOf(event)}` },
  summary: firstSentence(commentOf(event))[0],
  bindings: { amqp: { deliveryMode: 2, mandatory: true, bindingVersion: "0.3.0" } },
});

const brokerMessage = (event: DescMessage): Node => ({
  name: eventNameOf(event),
  contentType: "application/json",
  summary: "A JWT in the general serialisation of RFC 7515 with one signature.",
  payload: {
    type: "object",
    properties: {
      payload: {
        type: "string",
        description: "base64url of the claims",
        contentEncoding: "base64url",
        contentMediaType: "application/json",
        contentSchema: { $ref: `#/components/schemas/${event.name}Claims` },
      },
      signatures: { type: "array", minItems: 1, maxItems: 1, items: SIGNATURE },
    },
    required: ["payload", "signatures"],
  },
});

const SIGNATURE = {
  type: "object",
  properties: {
    protected: { type: "string", description: "base64url of the header with `alg`" },
    header: { type: "object", properties: { kid: { const: "barong" } }, required: ["kid"] },
    signature: { type: "string" },
  },
  required: ["protected", "header", "signature"],
};

/** What was signed. The event's name stands among what the event tells. */
function claims(event: DescMessage): Node {
  const told = schemaOf(event);
  const name = { const: eventNameOf(event) };
  const required = Array.isArray(told.required) ? told.required : [];
  return {
    type: "object",
    properties: {
      iss: { const: "barong" },
      jti: { type: "string", format: "uuid", description: "Names the event, also when it is told again." },
      iat: { type: "integer" },
      exp: { type: "integer", description: "A minute after `iat`." },
      event: {
        ...told,
        properties: { ...(told.properties as Node), name },
        required: [...required, "name"],
      },
    },
    required: ["iss", "jti", "iat", "exp", "event"],
  };
}

function webhookChannel(events: readonly DescMessage[]): Node {
  const name = (event: DescMessage) => `${event.name}Webhook`;
  return {
    address: "/",
    description: "The URL of the webhook. Any status from 200 to 299 means taken.",
    servers: [{ $ref: "#/servers/webhook" }],
    messages: Object.fromEntries(
      events.map((event) => [name(event), { $ref: `#/components/messages/${name(event)}` }]),
    ),
  };
}

const webhookMessage = (event: DescMessage): Node => ({
  name: eventNameOf(event),
  contentType: "application/json",
  summary: firstSentence(commentOf(event))[0],
  traits: [{ $ref: "#/components/messageTraits/signed" }],
  payload: {
    type: "object",
    properties: {
      id: { type: "string", format: "uuid" },
      type: { const: eventNameOf(event) },
      timestamp: { type: "string", format: "date-time", description: "When it happened." },
      data: { $ref: `#/components/schemas/${event.name}` },
    },
    required: ["id", "type", "timestamp", "data"],
  },
});

const WEBHOOK_HEADERS = {
  type: "object",
  properties: {
    "webhook-id": { type: "string", format: "uuid" },
    "webhook-timestamp": { type: "string", pattern: "^\\d+$" },
    "webhook-signature": { type: "string", pattern: "^v1," },
  },
  required: ["webhook-id", "webhook-timestamp", "webhook-signature"],
};
