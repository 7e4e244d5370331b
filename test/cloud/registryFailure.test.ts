import { parseReference } from "../../chain/reference.ts";
import { RefusedByRegistry, registryError } from "../../cloud/registry/failure.ts";
import { TransientError } from "../../cloud/retry.ts";

test.each([
  ["docker.io", "registry-1.docker.io cannot be reached (ENOTFOUND)", "registry-1.docker.io cannot be reached"],
  ["docker.io", "auth.docker.io answered 503", "auth.docker.io answered 503"],
  ["quay.io", "quay.io gave no answer for 30 s", "quay.io gave no answer"],
  ["quay.io", "cdn.example.com cannot be reached", "quay.io cdn.example.com cannot be reached"],
  ["example.io", "myexample.io cannot be reached", "example.io myexample.io cannot be reached"],
])('of %s, "%s" is told with every host whole, and the registry once', (registry, message, said) => {
  const error = registryError(new TransientError(message), "look up the image", parseReference(`${registry}/a/b:1`));
  expect(String(error)).toContain(`cannot look up the image: ${said}`);
});

test("an answer that names no host is told behind the registry", () => {
  const error = registryError(new RefusedByRegistry(418, "no"), "look up the image", parseReference("quay.io/a/b:1"));
  expect(String(error)).toContain("cannot look up the image: quay.io answered 418: no\n");
});
