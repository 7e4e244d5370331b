/**
 * Serves the stand-in for pulumi-gcp on a free loopback port, and prints the port. A Pulumi command takes it in place of
 * the plugin with `PULUMI_DEBUG_PROVIDERS=gcp:PORT`; several commands may use one, one after the other or at once.
 */
import { serve } from "../../provider/server.ts";
import { gcpStandIn } from "./provider.ts";

process.stdout.write(`${await serve(gcpStandIn)}\n`);
