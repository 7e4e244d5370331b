import { formatReference, parseReference } from "../../chain/reference.ts";

const digest = `sha256:${"a1".repeat(32)}`;

test.each([
  ["debian", "docker.io/library/debian:latest"],
  ["nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04", "docker.io/nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04"],
  ["docker.io/debian:12", "docker.io/library/debian:12"],
  ["index.docker.io/library/debian:12", "docker.io/library/debian:12"],
  [`127.0.0.1:5000/x@${digest}`, `127.0.0.1:5000/x@${digest}`],
  [`localhost/x/y:1@${digest}`, `localhost/x/y:1@${digest}`],
  ["[::1]:5000/x:1", "[::1]:5000/x:1"],
  ["us-east4-docker.pkg.dev/p/images/arr-base:v1", "us-east4-docker.pkg.dev/p/images/arr-base:v1"],
  ["a__b/c-d.e", "docker.io/a__b/c-d.e:latest"],
])("%s is read as Docker reads it: %s", (text, full) => {
  expect(formatReference(parseReference(text))).toBe(full);
});

test.each([
  "",
  "UPPER/case",
  "a//b",
  "/a",
  "a:",
  "a:ta g",
  "a@sha256:12",
  `a@md5:${"0".repeat(32)}`,
  `a@${digest.toUpperCase()}`,
  "http://host/a",
  "host:port/x",
  "a/../b",
  "a?b",
  `x:${"t".repeat(129)}`,
])("%p is refused with the value and what is allowed", (text) => {
  expect(() => parseReference(text)).toThrow(/received: .*\n.*allowed:/s);
});
