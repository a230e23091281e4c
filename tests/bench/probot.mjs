// The peer: Probot with one handler that does nothing, as its own server (what `probot run` starts) or as the bare middleware.
import { createServer } from "node:http";
import { Probot, Server, createNodeMiddleware, createProbot } from "probot";

const secret = "bench-webhook-secret";
const port = Number(process.env.PORT);
const app = (probot) => probot.on("pull_request", async () => {});

if (process.argv[2] === "server") {
  const defaults = Probot.defaults({ appId: 1, githubToken: "none", secret });
  const server = new Server({ port, host: "127.0.0.1", Probot: defaults });
  await server.load(app);
  await server.start();
} else {
  const probot = createProbot({ overrides: { appId: 1, githubToken: "none", secret, logLevel: "error" } });
  const middleware = await createNodeMiddleware(app, { probot });
  createServer((request, response) => middleware(request, response, () => response.writeHead(404).end())).listen(port, "127.0.0.1");
}
