/**
 * Serves the stand-in for pulumi-docker on a free loopback port, and prints the port. A Pulumi command takes it in place
 * of the plugin with `PULUMI_DEBUG_PROVIDERS=docker:PORT`; the daemon is that of DOCKER_HOST, and relative paths are
 * those of the folder that this runs in.
 */
import { serve } from "../../provider/server.ts";
import { dockerStandIn } from "./provider.ts";

process.stdout.write(`${await serve(dockerStandIn)}\n`);
