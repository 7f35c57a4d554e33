/**
 * Author flow: which functions of the author's module may be called by way of which transform.
 *
 * Owns: following values through the module's text. What a transform is given is held by its call;
 * what a declaration is given, by the declaration; and who names a declaration holds what it holds.
 * What goes anywhere else, through a call to anything but the SDK above all, is common: all hold it.
 * Does not own: running the module (construction.ts), or which stage runs a transform (foreign-code.ts).
 *
 * AF1. A function that may be called by way of a transform is held by it, or common. This leans on
 *      the SDK: what it is given goes into the nodes of that call, and nowhere else.
 * AF2. Code that runs while the graph is built may hand on what it names: that is common.
 * AF3. An object that code which runs then may hand on as `this` is common, with all its functions.
 */
import type { AnyNode, CallExpression, Class, Program } from "acorn";
import type { NodeId } from "../sdk/model/graph.ts";
import {
  type AnyFunction,
  type Binding,
  type Bindings,
  declaredBy,
  isFunction,
  partsOf,
} from "./author-names.ts";
import { type Holder, Holders } from "./function-holders.ts";

/** What is known of a module before its values are followed. */
export interface FlowInput {
  readonly program: Program;
  readonly bindings: Bindings;
  /** What the module imports from the SDK, and as what. */
  readonly sdk: ReadonlyMap<Binding, string>;
  /** Functions that run while the graph is built. */
  readonly ran: ReadonlySet<AnyFunction>;
  /** Calls of transforms, with the nodes that each made. */
  readonly calls: ReadonlyMap<CallExpression, readonly NodeId[]>;
  /** Whether a statement is the author's, and no package's. */
  readonly isAuthors: (statement: AnyNode) => boolean;
}

/** A module whose values have been followed. */
export class AuthorFlow {
  readonly #holders = new Holders();
  readonly #common = this.#holders.common;
  readonly #input: FlowInput;

  constructor(input: FlowInput) {
    this.#input = input;
    for (const statement of input.program.body) {
      // Nobody imports the module but what the mesh builds, and that only for its pipeline.
      if (statement.type === "ExportNamedDeclaration" && statement.declaration == null) continue;
      if (input.isAuthors(statement)) this.#early(statement, this.#common);
      else this.#nameAll(statement, this.#common);
    }
    this.#holders.relate();
  }

  /** Returns the functions that nothing calls but by way of transforms other than these nodes'. */
  foreignTo(isOwn: (node: NodeId) => boolean): AnyFunction[] {
    return this.#holders.foreignTo(isOwn);
  }

  #bindingOf(node: AnyNode): Binding | undefined {
    return node.type === "Identifier" ? this.#input.bindings.get(node) : undefined;
  }

  #name(node: AnyNode, holder: Holder): void {
    const binding = this.#bindingOf(node);
    if (binding !== undefined) holder.named.add(binding);
  }

  /** Code that runs later, if its holder's does. */
  #nameAll(node: AnyNode, holder: Holder): void {
    this.#name(node, holder);
    for (const part of partsOf(node)) this.#nameAll(part, holder);
  }

  /**
   * Code that runs while the graph is built.
   *
   * @param self - who holds `this`
   */
  #early(node: AnyNode, self: Holder): void {
    if (isFunction(node)) {
      const holder = node.type === "FunctionDeclaration" ? this.#holders.add() : this.#common;
      this.#function(node, holder, self);
      return;
    }
    switch (node.type) {
      case "Identifier":
        this.#name(node, this.#common);
        return;
      case "ThisExpression":
      case "MetaProperty":
        this.#holders.handOn(self);
        return;
      case "MemberExpression":
        this.#earlyMember(node, self);
        return;
      case "VariableDeclarator":
        this.#declarator(node, self);
        return;
      case "ClassDeclaration":
        this.#class(node, this.#holders.add());
        return;
      case "ClassExpression":
        this.#class(node, this.#common);
        return;
      case "CallExpression":
        this.#call(node, this.#common, self);
        return;
      case "ImportDeclaration":
        return;
      default:
        for (const part of partsOf(node)) this.#early(part, self);
    }
  }

  #earlyMember(node: Extract<AnyNode, { type: "MemberExpression" }>, self: Holder): void {
    const { object, property, computed } = node;
    const isOwn = object.type === "ThisExpression" || object.type === "Super";
    if (!computed && (isOwn || property.type === "PrivateIdentifier")) {
      self.asked.add(keyOf(property));
    }
    if (isOwn && !computed) return;
    for (const part of partsOf(node)) this.#early(part, self);
  }

  #declarator({ id, init }: Extract<AnyNode, { type: "VariableDeclarator" }>, self: Holder): void {
    const holder = this.#holders.add();
    for (const name of declaredBy(id)) this.#holders.declare(holder, this.#bindingOf(name));
    this.#earlyPattern(id, self);
    if (init != null) this.#value(init, holder, self);
  }

  /** What a pattern computes: its names are no use of them. */
  #earlyPattern(pattern: AnyNode, self: Holder): void {
    if (pattern.type === "Identifier") return;
    if (pattern.type === "AssignmentPattern") {
      this.#early(pattern.right, self);
      this.#earlyPattern(pattern.left, self);
      return;
    }
    if (pattern.type === "Property") {
      if (pattern.computed) this.#early(pattern.key, self);
      this.#earlyPattern(pattern.value, self);
      return;
    }
    for (const part of partsOf(pattern)) this.#earlyPattern(part, self);
  }

  #call(node: CallExpression, holder: Holder, self: Holder): void {
    const { callee } = node;
    const nodes = this.#input.calls.get(node);
    const name = this.#sdkName(callee);
    if (nodes === undefined && name === undefined) {
      for (const part of partsOf(node)) this.#early(part, self);
      return;
    }
    let into = holder;
    if (nodes !== undefined) {
      into = this.#holders.add(nodes);
    }
    if (name === undefined) this.#early(callee, self);
    if (name === "pipeline") into.isPipeline = true;
    for (const argument of node.arguments) this.#value(argument, into, self);
  }

  /** `count` of `count()`, `pubsub` of `pubsub.topic()`, `statefulDoFn` of `statefulDoFn()()`. */
  #sdkName(callee: AnyNode): string | undefined {
    if (callee.type === "CallExpression" && callee.arguments.length === 0) {
      return this.#sdkName(callee.callee);
    }
    const of = callee.type === "MemberExpression" && !callee.computed ? callee.object : callee;
    const binding = this.#bindingOf(of);
    return binding === undefined ? undefined : this.#input.sdk.get(binding);
  }

  /** A value that goes to `holder`, and nowhere else. */
  #value(node: AnyNode, holder: Holder, self: Holder): void {
    if (isFunction(node)) {
      this.#function(node, holder, self);
      return;
    }
    switch (node.type) {
      case "Identifier":
        this.#name(node, holder);
        return;
      case "ClassExpression":
        this.#class(node, holder);
        return;
      case "ObjectExpression":
        for (const part of node.properties) this.#property(part, holder, self);
        return;
      case "ArrayExpression":
        for (const part of partsOf(node)) this.#value(part, holder, self);
        return;
      case "SpreadElement":
        this.#value(node.argument, holder, self);
        return;
      case "ConditionalExpression":
        this.#early(node.test, self);
        this.#value(node.consequent, holder, self);
        this.#value(node.alternate, holder, self);
        return;
      case "LogicalExpression":
        this.#value(node.left, holder, self);
        this.#value(node.right, holder, self);
        return;
      case "MemberExpression":
        this.#member(node, holder, self);
        return;
      case "CallExpression":
        if (this.#isFreeze(node)) {
          this.#values(node.arguments, holder, self);
          return;
        }
        this.#call(node, holder, self);
        return;
      case "NewExpression":
        this.#new(node, holder, self);
        return;
      default:
        this.#early(node, self);
        return;
    }
  }

  #isFreeze({ callee }: CallExpression): boolean {
    if (callee.type !== "MemberExpression" || callee.object.type !== "Identifier") return false;
    const isGlobal = this.#bindingOf(callee.object) === undefined;
    return isGlobal && callee.object.name === "Object" && keyOf(callee.property) === "freeze";
  }

  #values(nodes: readonly AnyNode[], holder: Holder, self: Holder): void {
    for (const node of nodes) this.#value(node, holder, self);
  }

  #property(
    part: Extract<AnyNode, { type: "Property" | "PropertyDefinition" | "SpreadElement" }>,
    holder: Holder,
    self: Holder,
  ): void {
    if (part.type === "SpreadElement") {
      this.#value(part.argument, holder, self);
      return;
    }
    if (part.computed) this.#early(part.key, self);
    else if (!isData(part.value)) holder.keys.add(keyOf(part.key));
    if (part.value != null) this.#value(part.value, holder, self);
  }

  #member(
    node: Extract<AnyNode, { type: "MemberExpression" }>,
    holder: Holder,
    self: Holder,
  ): void {
    const { object, property, computed } = node;
    if (object.type === "ThisExpression" || object.type === "Super") {
      this.#early(node, self);
      return;
    }
    this.#value(object, holder, self);
    if (computed) this.#early(property, self);
  }

  /** What a constructor is given, it may hand on; the object it makes, by `this` alone (AF3). */
  #new(node: Extract<AnyNode, { type: "NewExpression" }>, holder: Holder, self: Holder): void {
    const { callee } = node;
    if (callee.type !== "Identifier") {
      this.#earlyParts(node, self);
      return;
    }
    const binding = this.#bindingOf(callee);
    if (binding === undefined) {
      if (callee.name !== "Map" && callee.name !== "Set") {
        this.#earlyParts(node, self);
        return;
      }
      this.#values(node.arguments, holder, self);
      return;
    }
    holder.named.add(binding);
    for (const argument of node.arguments) this.#early(argument, self);
  }

  #earlyParts(node: AnyNode, self: Holder): void {
    for (const part of partsOf(node)) this.#early(part, self);
  }

  #function(node: AnyFunction, holder: Holder, self: Holder): void {
    if (node.id != null) this.#holders.declare(holder, this.#bindingOf(node.id));
    const isArrow = node.type === "ArrowFunctionExpression";
    if (this.#input.ran.has(node)) {
      const inner = isArrow ? self : holder;
      for (const parameter of node.params) this.#earlyPattern(parameter, inner);
      this.#early(node.body, inner);
      return;
    }
    holder.functions.push(node);
    for (const part of partsOf(node)) this.#nameAll(part, holder);
    // The arrow takes `this` along to where it goes.
    if (isArrow && self !== holder && namesThis(node)) this.#holders.handOn(self);
  }

  #class(node: Extract<AnyNode, Class>, holder: Holder): void {
    holder.isClass = true;
    if (node.id != null) this.#holders.declare(holder, this.#bindingOf(node.id));
    if (node.superClass != null) {
      this.#value(node.superClass, holder, holder);
      const base = this.#bindingOf(node.superClass);
      if (base === undefined) this.#holders.handOn(holder);
      else this.#holders.extend(base, holder);
    }
    for (const member of node.body.body) {
      if (member.type === "StaticBlock") this.#earlyParts(member, holder);
      else if (member.type === "PropertyDefinition") this.#property(member, holder, holder);
      else {
        if (member.computed) this.#early(member.key, holder);
        else holder.keys.add(keyOf(member.key));
        this.#function(member.value, holder, holder);
      }
    }
  }
}

function keyOf(key: AnyNode): string {
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  if (key.type === "Identifier") return key.name;
  return key.type === "Literal" ? String(key.value) : "";
}

function isData(value: AnyNode | null | undefined): boolean {
  return value == null || value.type === "Literal" || value.type === "UnaryExpression";
}

/** Whether an arrow function uses the `this` of what is around it. */
function namesThis(node: AnyNode): boolean {
  if (node.type === "ThisExpression" || node.type === "Super" || node.type === "MetaProperty") {
    return true;
  }
  return partsOf(node).some(
    (part) => (!isFunction(part) || part.type === "ArrowFunctionExpression") && namesThis(part),
  );
}
