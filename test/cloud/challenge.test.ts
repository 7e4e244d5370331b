import { parseChallenge } from "../../cloud/registry/challenge.ts";

test("quoted values keep their commas, equal signs and escaped quotes", () => {
  const challenge = parseChallenge(
    'Bearer realm="https://a/t?x=1,2",service="re\\"g",scope="repository:a/b:pull,push"',
  );
  expect(challenge?.scheme).toBe("bearer");
  expect(Object.fromEntries(challenge?.parameters ?? [])).toEqual({
    realm: "https://a/t?x=1,2",
    service: 're"g',
    scope: "repository:a/b:pull,push",
  });
});

test("Bearer is preferred to Basic whatever their order, and names do not mind their case", () => {
  const challenge = parseChallenge('Basic realm="x", BEARER Realm="https://a/t", error=invalid_token');
  expect(challenge?.scheme).toBe("bearer");
  expect(challenge?.parameters.get("realm")).toBe("https://a/t");
});

test("a scheme that a client of registries cannot answer is no challenge", () => {
  expect(parseChallenge('Negotiate abc, Digest realm="x"')).toBeUndefined();
  expect(parseChallenge("")).toBeUndefined();
});
