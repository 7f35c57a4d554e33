/**
 * Author names: which declaration each name in a module's text means.
 *
 * Owns: scopes, as strict ECMAScript has them, and walking a syntax tree. Does not own: what follows
 * from it (author-flow.ts).
 *
 * AN1. Two identifiers have one binding exactly if they mean one variable. A name of the global
 *      object has none.
 */
import type { AnyNode, Class, Function as FunctionNode, Identifier, Program } from "acorn";

/** A variable, by identity. */
export interface Binding {
  readonly name: string;
}

/** The bindings of identifiers, where they are declared as where they are used. */
export type Bindings = ReadonlyMap<Identifier, Binding>;

/** Returns the binding of each identifier of a module. */
export function bindingsOf(program: Program): Bindings {
  const bindings = new Map<Identifier, Binding>();
  new Resolver(bindings).program(program);
  return bindings;
}

/** Returns a node's parts that are code: no labels, no names of properties. */
export function partsOf(node: AnyNode): AnyNode[] {
  switch (node.type) {
    case "MemberExpression":
      return node.computed ? nodesIn([node.object, node.property]) : nodesIn([node.object]);
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
      return nodesIn(node.computed ? [node.key, node.value] : [node.value]);
    case "LabeledStatement":
      return nodesIn([node.body]);
    case "BreakStatement":
    case "ContinueStatement":
    case "MetaProperty":
    case "ExportAllDeclaration":
      return [];
    case "ImportDeclaration":
      return node.specifiers.map(({ local }) => local);
    case "ExportNamedDeclaration":
      if (node.declaration != null) return [node.declaration];
      return node.source == null ? nodesIn(node.specifiers.map(({ local }) => local)) : [];
    default:
      return nodesIn(Object.values(node));
  }
}

function nodesIn(values: readonly unknown[]): AnyNode[] {
  return values.flat().filter(isNode);
}

function isNode(value: unknown): value is AnyNode {
  return typeof (value as { type?: unknown } | null)?.type === "string";
}

/** A function of any form. */
export type AnyFunction = Extract<AnyNode, FunctionNode>;

export function isFunction(node: AnyNode): node is AnyFunction {
  return (
    node.type === "FunctionDeclaration" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression"
  );
}

/** Returns the identifiers that a pattern declares. */
export function declaredBy(pattern: AnyNode): Identifier[] {
  switch (pattern.type) {
    case "Identifier":
      return [pattern];
    case "AssignmentPattern":
      return declaredBy(pattern.left);
    case "RestElement":
      return declaredBy(pattern.argument);
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : declaredBy(element)));
    case "ObjectPattern":
      return pattern.properties.flatMap((part) =>
        declaredBy(part.type === "Property" ? part.value : part),
      );
    default:
      return [];
  }
}

/** Names that are declared in one place, and those around. */
class Scope {
  readonly #names = new Map<string, Binding>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** `binding`: where the name is another one of a variable that has a name already. */
  declare(name: string, binding: Binding = { name }): void {
    if (!this.#names.has(name)) this.#names.set(name, binding);
  }

  find(name: string): Binding | undefined {
    return this.#names.get(name) ?? this.#outer?.find(name);
  }
}

class Resolver {
  readonly #bindings: Map<Identifier, Binding>;

  constructor(bindings: Map<Identifier, Binding>) {
    this.#bindings = bindings;
  }

  program(program: Program): void {
    this.#body(program.body, new Scope());
  }

  /** Statements of a function, a module or a static block, which `var` is of. */
  #body(statements: readonly AnyNode[], scope: Scope): void {
    for (const statement of statements) declareVars(statement, scope);
    this.#block(statements, scope);
  }

  #block(statements: readonly AnyNode[], scope: Scope): void {
    for (const statement of statements) declareIn(scope, statement);
    for (const statement of statements) this.#visit(statement, scope);
  }

  #visit(node: AnyNode, scope: Scope): void {
    if (isFunction(node)) {
      this.#function(node, scope);
      return;
    }
    switch (node.type) {
      case "Identifier": {
        const binding = scope.find(node.name);
        if (binding !== undefined) this.#bindings.set(node, binding);
        return;
      }
      case "ClassDeclaration":
      case "ClassExpression":
        this.#class(node, scope);
        return;
      case "StaticBlock":
        this.#body(node.body, new Scope(scope));
        return;
      case "BlockStatement":
        this.#block(node.body, new Scope(scope));
        return;
      case "SwitchStatement": {
        this.#visit(node.discriminant, scope);
        const inner = new Scope(scope);
        const statements = node.cases.flatMap(({ consequent }) => consequent);
        for (const statement of statements) declareIn(inner, statement);
        for (const each of node.cases) this.#visitParts(each, inner);
        return;
      }
      case "ForStatement":
      case "ForInStatement":
      case "ForOfStatement":
        this.#for(node, scope);
        return;
      case "CatchClause": {
        const inner = new Scope(scope);
        for (const { name } of node.param == null ? [] : declaredBy(node.param)) {
          inner.declare(name);
        }
        this.#visitParts(node, inner);
        return;
      }
      default:
        this.#visitParts(node, scope);
        return;
    }
  }

  #visitParts(node: AnyNode, scope: Scope): void {
    for (const part of partsOf(node)) this.#visit(part, scope);
  }

  #for(node: Extract<AnyNode, { type: `For${string}Statement` }>, scope: Scope): void {
    const inner = new Scope(scope);
    const head = node.type === "ForStatement" ? node.init : node.left;
    if (head?.type === "VariableDeclaration" && head.kind !== "var") declareIn(inner, head);
    this.#visitParts(node, inner);
  }

  /** Parameters see no name of the body. */
  #function(node: AnyFunction, scope: Scope): void {
    const outer = new Scope(scope);
    if (node.id != null) {
      if (node.type === "FunctionExpression") outer.declare(node.id.name);
      this.#visit(node.id, outer);
    }
    const parameters = new Scope(outer);
    if (node.type !== "ArrowFunctionExpression") parameters.declare("arguments");
    for (const { name } of node.params.flatMap(declaredBy)) parameters.declare(name);
    for (const parameter of node.params) this.#visit(parameter, parameters);
    if (node.body.type !== "BlockStatement") {
      this.#visit(node.body, parameters);
      return;
    }
    this.#body(node.body.body, new Scope(parameters));
  }

  /** Inside, a class has its name once more: it is the same variable as far as anyone can see. */
  #class(node: Extract<AnyNode, Class>, scope: Scope): void {
    const inner = new Scope(scope);
    if (node.id != null) {
      inner.declare(
        node.id.name,
        node.type === "ClassDeclaration" ? scope.find(node.id.name) : undefined,
      );
      this.#visit(node.id, inner);
    }
    if (node.superClass != null) this.#visit(node.superClass, inner);
    this.#visit(node.body, inner);
  }
}

/** Declares what a statement declares in its block. */
function declareIn(scope: Scope, statement: AnyNode): void {
  switch (statement.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration":
      if (statement.id != null) scope.declare(statement.id.name);
      return;
    case "VariableDeclaration":
      if (statement.kind === "var") return;
      for (const { id } of statement.declarations) {
        for (const { name } of declaredBy(id)) scope.declare(name);
      }
      return;
    case "ImportDeclaration":
      for (const { local } of statement.specifiers) scope.declare(local.name);
      return;
    case "ExportNamedDeclaration":
    case "ExportDefaultDeclaration":
      if (statement.declaration != null) declareIn(scope, statement.declaration);
      return;
    default:
  }
}

/** Declares each `var` of a function, however deep in its blocks. */
function declareVars(node: AnyNode, scope: Scope): void {
  if (isFunction(node) || node.type === "ClassDeclaration" || node.type === "ClassExpression")
    return;
  if (node.type === "VariableDeclaration" && node.kind === "var") {
    for (const { id } of node.declarations) {
      for (const { name } of declaredBy(id)) scope.declare(name);
    }
  }
  for (const part of partsOf(node)) declareVars(part, scope);
}
