import { command } from "../../builder/inBuild/command.ts";

test("a program that ends without reading its input is judged by how it ends", async () => {
  const stdin = "x".repeat(4 << 20);
  await expect(command("true", [], { doing: "check", stdin })).resolves.toBeUndefined();
  await expect(command("false", [], { doing: "check", stdin })).rejects.toThrow(
    "cannot check: false ended with exit code 1",
  );
});

test("each line that a program writes on standard error is heard, the last one too", async () => {
  const heard: string[] = [];
  const script = "printf 'one\\ntwo' >&2";
  await command("sh", ["-c", script], { doing: "write", hear: (line) => heard.push(line) });
  expect(heard).toEqual(["one", "two"]);
});
