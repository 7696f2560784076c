import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { attachmentNamed } from "../../src/platform/attachment.js";
import type { OpenedFile, OpenLink } from "../../src/ports/storage/storage.js";

const STATUS = { expired: 403, invalid: 403, missing: 404 };

/** Serves the links of a folder over HTTP, as S3 serves its own: 403 for a link that does not hold, 404 without a file. */
export async function serveLinks(open: OpenLink) {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    const part = (name: string) => searchParams.get(name) ?? "";
    const opened = await open(decodeURIComponent(pathname.slice(1)), {
      expires: Number(part("expires")),
      name: part("name"),
      type: part("type"),
      signature: part("signature"),
    });
    if (typeof opened === "string") response.writeHead(STATUS[opened]).end();
    else await send(opened, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function send({ stream, bytes, fileName, contentType }: OpenedFile, response: ServerResponse) {
  response.writeHead(200, {
    "content-type": contentType,
    "content-length": bytes,
    "content-disposition": attachmentNamed(fileName),
  });
  // Clients may leave half-way.
  await pipeline(stream, response).catch(() => undefined);
}
