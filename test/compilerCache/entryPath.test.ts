import { cachePrefix } from "../../compilerCache/cachePrefix.ts";
import { keyInPath } from "../../compilerCache/entryPath.ts";

const key = "5b41ddvb6rtsdu0mq1k8tk78othds3ik6";
const hex = "a1b2c3d4".repeat(8);

test("the flat layout and the one with folders name the same entry", () => {
  expect(keyInPath(`/${key}`)).toBe(key);
  expect(keyInPath(`/${key.slice(0, 2)}/${key.slice(2)}`)).toBe(key);
});

test("the layout of bazel names its 64 digits", () => {
  expect(keyInPath(`/ac/${hex}`)).toBe(hex);
});

test.each(["/", "/x", "/-/statistics", `/../${key}`, `/..%2f${key}`, `/a/b/${key}`, `/${key}?x`, `/cas/${hex}`])(
  "%s is no entry",
  (path) => {
    expect(keyInPath(path)).toBeUndefined();
  },
);

test("a prefix is one per combination, whatever the order of the architectures", () => {
  const traits = { cuda: "12.4.1", compiler: "gcc-11.4", architectures: "10.0;7.5;8.0", torch: "2.6.0" };
  expect(cachePrefix(traits)).toBe("cuda-12.4.1/gcc-11.4/sm-7.5-8.0-10.0/torch-2.6.0");
  expect(cachePrefix({ ...traits, architectures: "8.0 7.5 10.0 8.0" })).toBe(cachePrefix(traits));
  expect(cachePrefix({ ...traits, torch: "../x" })).not.toContain("/../");
});
