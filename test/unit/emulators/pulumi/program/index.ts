/** A Pulumi program that declares what a test tells it, as JSON in its environment. */
import * as pulumi from "@pulumi/pulumi";
import type { Declared } from "../toys.ts";

class Toy extends pulumi.CustomResource {
  declare readonly serial: pulumi.Output<string>;

  constructor(type: string, name: string, inputs: object, options: pulumi.CustomResourceOptions) {
    super(type, name, { serial: undefined, ...inputs }, options);
  }
}

const config = new pulumi.Config();
const declared = JSON.parse(process.env["TOYS"] ?? "[]") as readonly Declared[];
const made = new Map<string, Toy>();

/** `$name` stands for another toy's serial number, `!text` for a secret. */
function inputOf(text: unknown): unknown {
  if (typeof text !== "string") return text;
  if (text.startsWith("!")) return pulumi.secret(text.slice(1));
  return text.startsWith("$") ? made.get(text.slice(1))?.serial : text;
}

for (const { name, type = "toy:index:Toy", inputs = {}, options = {}, after = [] } of declared) {
  const given = Object.entries(inputs).map(([key, value]) => [key, inputOf(value)] as const);
  const dependsOn = after.flatMap((each) => made.get(each) ?? []);
  made.set(name, new Toy(type, name, Object.fromEntries(given), { ...options, dependsOn }));
}

if (process.env["TOYS_ASK"] !== undefined) {
  const asked = await pulumi.runtime.invoke(process.env["TOYS_ASK"], { of: "x" });
  void pulumi.log.info(`asked: ${JSON.stringify(asked)}`);
}
if (process.env["TOYS_THROW"] !== undefined) throw new Error(process.env["TOYS_THROW"]);

export const size: string = config.require("size");
export const maker: string = new pulumi.Config("toy").require("maker");
export const serials: pulumi.Output<Record<string, string>> = pulumi.all(
  Object.fromEntries([...made].map(([name, toy]) => [name, toy.serial])),
);
export const password: pulumi.Output<string> = pulumi.secret("swordfish");
