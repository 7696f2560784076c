import { basename } from "node:path";
import { output } from "./programs.js";
import { type Report, Unavailable } from "./recipe.js";
import type { Run } from "./run.js";

export interface ContainerRequest {
  readonly image: string;
  /** The port inside the container. */
  readonly port: number;
  /** A folder kept in memory, since nothing outlives the run. */
  readonly dataFolder: string;
  /** Handed over by environment, so that secrets do not show in the process list. */
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

/** Starts a container for the run and answers the port of 127.0.0.1 it is reached at. Throws `Unavailable` without an engine. */
export async function startContainer(
  run: Run,
  request: ContainerRequest,
  environment: NodeJS.ProcessEnv,
  report: Report,
): Promise<number> {
  await output("docker", ["info", "--format", "{{.ServerVersion}}"], {
    timeoutSeconds: 5,
    environment,
  }).catch(() => {
    throw new Unavailable("no engine answers");
  });
  const name = `${basename(run.folder)}-${request.image.replace(/[^a-z0-9]+/gi, "-")}`;
  report(`starting the Docker image ${request.image}, which may have to be fetched first`);
  run.noteContainer(name);
  await output(
    "docker",
    [
      ...["run", "--detach", "--rm", "--name", name, "--publish", `127.0.0.1::${request.port}`],
      ...["--tmpfs", request.dataFolder],
      ...Object.keys(request.environment).flatMap((variable) => ["--env", variable]),
      request.image,
      ...request.args,
    ],
    { timeoutSeconds: 600, environment: { ...environment, ...request.environment } },
  );
  const published = await output("docker", ["port", name, `${request.port}/tcp`], {
    timeoutSeconds: 10,
    environment,
  });
  const port = /:(\d+)$/m.exec(published)?.[1];
  if (port === undefined) throw new Error(`docker published no port for ${name}: "${published}"`);
  return Number(port);
}
