import { add, fresh, insertLine, removeLine, rewrite } from "../draft.ts";
import type { Random } from "../random.ts";
import { type Feature, feature, shellFeature } from "./feature.ts";

/** An instruction that has forms which mean the same and forms which do not. */
function forms(name: string, texts: readonly string[]): Feature {
  return feature(name, (random: Random, draft, stage) => {
    const before = random.pick(texts);
    const line = add(draft, stage, before);
    return [
      rewrite(`${name}: another form`, line, random.pick(texts.filter((text) => text !== before))),
      removeLine(`${name} removed`, line),
      insertLine(`${name} repeated`, line, before),
    ];
  });
}

/** Instructions that change the image's config and no file, and what a step inherits from them. */
export const metadata: Feature[] = [
  forms("CMD", [
    'CMD ["echo", "hi"]',
    'CMD ["echo","hi"]',
    "CMD echo hi",
    "CMD  echo hi",
    'CMD ["/bin/sh", "-c", "echo hi"]',
    "CMD ['echo', 'hi']",
    "CMD echo  hi",
    "CMD []",
  ]),
  forms("ENTRYPOINT", [
    'ENTRYPOINT ["/bin/sh"]',
    'ENTRYPOINT [ "/bin/sh" ]',
    "ENTRYPOINT /bin/sh",
    'ENTRYPOINT ["/bin/sh", "-c", "/bin/sh"]',
    'ENTRYPOINT ["/bin/sh"]\nCMD ["-c", "true"]',
  ]),
  forms("LABEL", [
    "LABEL a=1 b=2",
    'LABEL a="1" b="2"',
    "LABEL b=2 a=1",
    "LABEL a=1\nLABEL b=2",
    "LABEL a=1 \\\n    b=2",
    "LABEL a 1",
    'LABEL "a"=1 b=2',
    'LABEL a="1 " b=2',
  ]),
  forms("EXPOSE", [
    "EXPOSE 80",
    "EXPOSE 80/tcp",
    "EXPOSE 80/TCP",
    "EXPOSE 80 443",
    "EXPOSE 443 80",
    "EXPOSE 80-81",
    "EXPOSE 80 81",
    "EXPOSE 80/udp",
  ]),
  forms("VOLUME", ['VOLUME ["/v", "/w"]', "VOLUME /v /w", "VOLUME /w /v", 'VOLUME ["/v","/w"]', "VOLUME /v"]),
  forms("STOPSIGNAL", ["STOPSIGNAL SIGTERM", "STOPSIGNAL 15", "STOPSIGNAL SIGKILL", "STOPSIGNAL  SIGTERM"]),
  forms("HEALTHCHECK", [
    "HEALTHCHECK --interval=30s CMD true",
    "HEALTHCHECK --interval=0.5m CMD true",
    "HEALTHCHECK --interval=30s --retries=3 CMD true",
    "HEALTHCHECK --retries=3 --interval=30s CMD true",
    'HEALTHCHECK --interval=30s CMD ["true"]',
    "HEALTHCHECK NONE",
    "HEALTHCHECK none",
  ]),
  forms("MAINTAINER", ["MAINTAINER a", "MAINTAINER  a", 'MAINTAINER "a"', "MAINTAINER b <b@c>"]),
  forms("USER", ["USER 0", "USER 0:0", "USER root", 'USER "0"', "USER 1000"]),
  feature("WORKDIR", (random, draft, stage) => {
    // A base image's own folder is not known from its digest: relative paths start from one that is.
    add(draft, stage, "WORKDIR /");
    const texts = ["/w", "/w/", "w", '"/w"', "/w/../w", "/", "/w/x", "./w", "../w"].map((path) => `WORKDIR ${path}`);
    const before = random.pick(texts);
    const line = add(draft, stage, before);
    return [
      rewrite("WORKDIR: another form", line, random.pick(texts.filter((text) => text !== before))),
      removeLine("WORKDIR removed", line),
      insertLine("WORKDIR repeated", line, before),
    ];
  }),
  forms("ONBUILD", [
    "ONBUILD RUN echo built",
    "ONBUILD run echo built",
    "ONBUILD  RUN echo built",
    "ONBUILD ENV T=1",
    "ONBUILD LABEL a=b",
  ]),
  forms("SHELL behind the last step", [
    'SHELL ["/bin/sh", "-c"]',
    'SHELL ["/bin/sh","-c"]',
    'SHELL ["/bin/sh", "-ec"]',
  ]),
  shellFeature("SHELL before RUN", (_random, draft, stage) => {
    const shell = add(draft, stage, 'SHELL ["/bin/sh", "-c"]');
    add(draft, stage, `RUN echo shell > /shell${fresh(draft)}`);
    add(draft, stage, "CMD echo shell");
    return [
      rewrite("SHELL before RUN", shell, 'SHELL ["/bin/sh", "-ec"]'),
      rewrite("SHELL written closer", shell, 'SHELL ["/bin/sh","-c"]'),
      removeLine("default SHELL removed", shell),
      insertLine("SHELL overwritten", shell, 'SHELL ["/bin/false"]', "before"),
    ];
  }),
  shellFeature("WORKDIR before RUN", (_random, draft, stage) => {
    const folder = `/wd${fresh(draft)}`;
    const workdir = add(draft, stage, `WORKDIR ${folder}`);
    const run = add(draft, stage, "RUN echo here > file");
    return [
      rewrite("WORKDIR before RUN", workdir, `WORKDIR ${folder}x`),
      rewrite("WORKDIR with a slash behind", workdir, `WORKDIR ${folder}/`),
      rewrite("WORKDIR in two steps", workdir, `WORKDIR /\nWORKDIR ${folder.slice(1)}`),
      rewrite("WORKDIR through a variable", workdir, `ENV WD=${folder}\nWORKDIR $WD`),
      insertLine("WORKDIR twice", workdir, `WORKDIR ${folder}`),
      insertLine("WORKDIR behind RUN", run, "WORKDIR /"),
    ];
  }),
  shellFeature("USER before RUN", (random, draft, stage) => {
    const user = add(draft, stage, random.pick(["USER 0", "USER 1000"]));
    const run = add(draft, stage, `RUN echo user > /user${fresh(draft)} || true`);
    const back = add(draft, stage, "USER 0");
    return [
      rewrite("USER before RUN", user, "USER 1001:7"),
      rewrite("USER quoted", user, (text) => text.replace(/USER (.*)/, 'USER "$1"')),
      removeLine("USER before RUN removed", user),
      insertLine("USER behind RUN", run, "USER 5"),
      removeLine("USER back removed", back),
    ];
  }),
  shellFeature("ONBUILD for the next stage", (random, draft, stage) => {
    const onbuild = add(draft, stage, random.pick(["ONBUILD RUN echo trigger > /trigger", "ONBUILD ENV TRIGGER=1"]));
    return [
      rewrite("ONBUILD trigger", onbuild, "ONBUILD RUN echo pulled > /trigger"),
      rewrite("ONBUILD in lower case", onbuild, (text) => text.replace("ONBUILD", "onbuild")),
      removeLine("ONBUILD removed", onbuild),
      insertLine("second ONBUILD", onbuild, "ONBUILD LABEL on=build"),
    ];
  }),
];
