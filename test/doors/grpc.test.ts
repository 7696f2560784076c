import { create, type DescService, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceDefinition,
  type ServiceError,
} from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { AuthzService } from "../../gen/barong/authz/v1/authz_service_pb.js";
import { UserState } from "../../gen/barong/entities/v1/user_pb.js";
import { SessionService } from "../../gen/barong/identity/v1/session_service_pb.js";
import { UserService } from "../../gen/barong/identity/v1/user_service_pb.js";
import { UserService as OwnAccountService } from "../../gen/barong/resource/v1/user_service_pb.js";
import { describeEachDatabase } from "../support/databases.js";
import { startedApp } from "../support/start-app.js";

const PASSWORD = "Tecohvi0";

interface Mail {
  readonly to: string;
  readonly token: string;
}

describeEachDatabase("the main job over gRPC", (database) => {
  const app = startedApp(database);

  test("can be done with a client of grpc-js", async () => {
    const email = "grpc@example.com";
    const users = clientOf(UserService, app.grpc);
    const sessions = clientOf(SessionService, app.grpc);
    const gateway = clientOf(AuthzService, app.grpc);
    const accounts = clientOf(OwnAccountService, app.grpc);

    await call(users, "CreateUser", { email, password: PASSWORD });
    const mails = (await (await fetch(`${app.http}/dev/mailbox.json`)).json()) as Mail[];
    await call(users, "ConfirmEmail", { token: mails.find(({ to }) => to === email)?.token ?? "" });

    const signedIn = await call(sessions, "CreateSession", { email, password: PASSWORD });
    expect(signedIn.message).toMatchObject({ user: { email, level: 1, state: UserState.ACTIVE } });
    const [setCookie = ""] = signedIn.header.get("set-cookie").map(String);
    const [cookie = ""] = setCookie.split(";");

    const asked = await call(gateway, "Authorize", { path: "/api/v2/peatio/account/balances" }, { cookie });
    const [authorization = ""] = asked.header.get("authorization").map(String);
    expect(asked.message).toMatchObject({ authorization: expect.stringMatching(/^Bearer /) });
    expect(asked.message).toMatchObject({ authorization });

    const byBearer = await call(accounts, "GetMe", {}, { authorization });
    const byCookie = await call(accounts, "GetMe", {}, { cookie });
    expect(byBearer.message).toEqual(byCookie.message);
    expect(byBearer.message).toMatchObject({ user: { email } });

    await call(sessions, "DeleteSession", {}, { cookie });
    await expect(call(gateway, "Authorize", { path: "/api/v2/orders" }, { cookie })).rejects.toMatchObject({
      code: 16,
      details: "The session is missing or has ended",
    });
    for (const client of [users, sessions, gateway, accounts]) client.close();
  });
});

/** A client as grpc-js makes it from a service definition, with the messages of protobuf-es. */
function clientOf(service: DescService, address: string): Client {
  const methods = service.methods.map((method) => [
    method.name,
    {
      path: `/${service.typeName}/${method.name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (fields: Record<string, unknown>) =>
        Buffer.from(toBinary(method.input, create(method.input, fields))),
      requestDeserialize: (bytes: Buffer) => fromBinary(method.input, bytes),
      responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
      responseDeserialize: (bytes: Buffer) => fromBinary(method.output, bytes),
    },
  ]);
  const definition: ServiceDefinition = Object.fromEntries(methods);
  const ClientOfService = makeGenericClientConstructor(definition, service.name);
  return new ClientOfService(address, credentials.createInsecure());
}

interface Answer {
  readonly message: Message;
  readonly header: Metadata;
}

function call(
  client: Client,
  method: string,
  fields: object,
  sent: Record<string, string> = {},
): Promise<Answer> {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(sent)) metadata.set(name, value);
  return new Promise((resolve, reject) => {
    let header = new Metadata();
    const answer = (error: ServiceError | null, message: Message) =>
      error ? reject(error) : resolve({ message, header });
    const running = Reflect.get(client, method).call(client, fields, metadata, answer);
    running.on("metadata", (initial: Metadata) => {
      header = initial;
    });
  });
}
