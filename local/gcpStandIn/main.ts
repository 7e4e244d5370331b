/**
 * Serves the stand-in for pulumi-gcp on a free loopback port, and prints the port. A Pulumi command takes it in place of
 * the plugin with `PULUMI_DEBUG_PROVIDERS=gcp:PORT`; several commands may use one, one after the other or at once.
 */
import gcp from "@pulumi/gcp/package.json" with { type: "json" };
import { main } from "@pulumi/pulumi/provider/index.js";
import { gcpStandIn } from "./provider.ts";

await main({ ...gcpStandIn, version: gcp.version }, process.argv.slice(2));
