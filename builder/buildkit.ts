/**
 * The BuildKit that images are built in where the environment names none (`strata:buildkit`). Keys were compared with
 * this version: another one may run a step again that a key takes for unchanged, or the other way round. Without it
 * buildx would take a tag that moves with each release, into builds that publish. dockerfiles/strata/first.yaml has it
 * too.
 */
export const BUILDKIT_IMAGE = "docker.io/moby/buildkit:v0.34.2";
