import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Class,
  type Comment,
  type Directive,
  type Expression,
  type Node,
  type ObjectExpression,
  type PropertyKey,
  parseSync,
  type Statement,
  type TSSignature,
} from "oxc-parser";

/** One documented thing of a source file: a field of an interface, a public field of a class, a key of an object. */
export interface Documented {
  readonly name: string;
  /** The type as it is written; empty where the source writes none. */
  readonly type: string;
  readonly optional: boolean;
  /** Its doc comment as Markdown on one line; empty where it has none. */
  readonly doc: string;
}

/** A source file whose doc comments can be asked for. Only what is written is known: nothing is resolved or checked. */
export class Source {
  /** The file's text. */
  readonly text: string;
  private readonly statements: readonly (Directive | Statement)[];
  /** Doc comments by the offset that they end at. */
  private readonly comments: readonly Comment[];

  /** @param file relative to the repository, whose root `root` is. */
  constructor(root: string, file: string) {
    this.text = readFileSync(join(root, file), "utf8");
    const { program, comments, errors } = parseSync(file, file.endsWith(".ts") ? this.text : "");
    const [wrong] = errors;
    if (wrong) throw new Error(`${file}: ${wrong.message}`);
    this.statements = program.body;
    this.comments = comments.filter(({ type, value }) => type === "Block" && value.startsWith("*"));
  }

  /** The interface of a name: its doc comment, and its fields. */
  interface(name: string): { readonly doc: string; readonly fields: readonly Documented[] } {
    for (const statement of this.statements) {
      const declaration = declared(statement);
      if (declaration?.type !== "TSInterfaceDeclaration" || declaration.id.name !== name) continue;
      return { doc: this.docAt(statement.start), fields: declaration.body.body.flatMap((one) => this.signature(one)) };
    }
    throw new Error(`there is no interface ${name}`);
  }

  /** The class of a name: its doc comment with its paragraphs, and its public fields. */
  class(name: string): { readonly doc: string; readonly fields: readonly Documented[] } {
    for (const statement of this.statements) {
      const declaration = declared(statement);
      if (declaration?.type !== "ClassDeclaration" || declaration.id?.name !== name) continue;
      return { doc: this.paragraphsAt(statement.start), fields: this.publicFields(declaration) };
    }
    throw new Error(`there is no class ${name}`);
  }

  /** The keys of the schema that a constant is (`const schema = z.strictObject({ … })`), and of those in it. */
  schema(constant: string): readonly Documented[] {
    return this.keys(this.valueOf(constant));
  }

  /** The keys of the object literal that a constant is (`const codes = { … } as const`). */
  constant(name: string): readonly Documented[] {
    const value = this.valueOf(name);
    const object = value.type === "TSAsExpression" ? value.expression : value;
    if (object.type !== "ObjectExpression") throw new Error(`${name} is no object literal`);
    return this.properties(object);
  }

  /** The methods of the object that a function returns, each with its doc comment. */
  returnedMethods(name: string): readonly Documented[] {
    for (const statement of this.statements) {
      const declaration = declared(statement);
      if (declaration?.type !== "FunctionDeclaration" || declaration.id?.name !== name) continue;
      const last = declaration.body?.body.at(-1);
      if (last?.type === "ReturnStatement" && last.argument?.type === "ObjectExpression") {
        return this.properties(last.argument);
      }
    }
    throw new Error(`there is no function ${name} that returns an object`);
  }

  private valueOf(constant: string): Expression {
    const value = this.find(constant);
    if (value) return value;
    throw new Error(`there is no constant ${constant}`);
  }

  private find(constant: string): Expression | undefined {
    for (const statement of this.statements) {
      const declaration = declared(statement);
      if (declaration?.type !== "VariableDeclaration") continue;
      for (const { id, init } of declaration.declarations) {
        if (id.type === "Identifier" && id.name === constant && init) return init;
      }
    }
    return undefined;
  }

  /** Keys of the schema that an expression builds, `outer.inner` for those of a schema within. */
  private keys(value: Expression): readonly Documented[] {
    const object = this.shape(value);
    if (object === undefined) return [];
    return object.properties.flatMap((property) => {
      if (property.type !== "Property") return [];
      const [own] = this.properties({ ...object, properties: [property] });
      if (own === undefined) return [];
      const inner = this.keys(property.value).map((one) => ({ ...one, name: `${own.name}.${one.name}` }));
      return [own, ...inner];
    });
  }

  /**
   * The object literal in `z.strictObject({ … })` with calls behind it, or in the constant that is named there. A
   * schema of another file has to be asked for there.
   */
  private shape(value: Expression): ObjectExpression | undefined {
    if (value.type === "Identifier") {
      const named = this.find(value.name);
      return named && this.shape(named);
    }
    if (value.type === "TSSatisfiesExpression") return this.shape(value.expression);
    if (value.type !== "CallExpression" || value.callee.type !== "MemberExpression") return undefined;
    const { object, property } = value.callee;
    const [first] = value.arguments;
    const makesObject = property.type === "Identifier" && property.name === "strictObject";
    if (makesObject) return first?.type === "ObjectExpression" ? first : undefined;
    return object.type === "Identifier" && object.name === "z" ? undefined : this.shape(object);
  }

  private properties(object: ObjectExpression): readonly Documented[] {
    return object.properties.flatMap((property) => {
      const name = property.type === "Property" ? keyName(property.key) : undefined;
      return name === undefined ? [] : [{ name, type: "", optional: false, doc: this.docAt(property.start) }];
    });
  }

  private signature(member: TSSignature): readonly Documented[] {
    if (member.type !== "TSPropertySignature") return [];
    const name = keyName(member.key);
    if (name === undefined) return [];
    return [{ name, type: this.typeOf(member), optional: member.optional, doc: this.docAt(member.start) }];
  }

  private publicFields({ body }: Class): readonly Documented[] {
    return body.body.flatMap((member) => {
      if (member.type !== "PropertyDefinition" || member.accessibility === "private") return [];
      const name = keyName(member.key);
      if (name === undefined) return [];
      return [{ name, type: this.typeOf(member), optional: false, doc: this.docAt(member.start) }];
    });
  }

  private typeOf({ typeAnnotation: written }: { readonly typeAnnotation?: Node | null }): string {
    if (!written) return "";
    return this.text.slice(written.start, written.end).replace(/^:\s*/, "").replaceAll(/\s+/g, " ");
  }

  private docAt(start: number): string {
    return this.paragraphsAt(start).replaceAll(/\s+/g, " ");
  }

  /** The doc comment that ends right before an offset, without its stars; tags such as `@param` are left out. */
  private paragraphsAt(start: number): string {
    const comment = this.comments.findLast(({ end }) => end <= start);
    if (comment === undefined || this.text.slice(comment.end, start).trim() !== "") return "";
    const lines = comment.value
      .slice(1)
      .split("\n")
      .map((line) => line.replace(/^\s*\*( |$)/, "").trimEnd());
    const tag = lines.findIndex((line) => line.trimStart().startsWith("@"));
    return lines
      .slice(0, tag === -1 ? lines.length : tag)
      .join("\n")
      .replaceAll(/\{@link (\w+)(\.\w+)?\}/g, "`$1$2`")
      .trim();
  }
}

function declared(statement: Directive | Statement): Node | undefined {
  return statement.type === "ExportNamedDeclaration" ? (statement.declaration ?? undefined) : statement;
}

function keyName(key: PropertyKey): string | undefined {
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}
