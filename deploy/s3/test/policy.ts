// What a policy of this folder allows; supports only the elements in use.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
import { readFileSync } from "node:fs";

export interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

const known = ["Action", "Effect", "Resource"];

/** The statements of a service's policy. Throws for any element that `allows` does not understand. */
export function policyOf(service: string): Statement[] {
  const text = readFileSync(new URL(`../${service}.json`, import.meta.url), "utf8");
  const { Version, Statement, ...others } = JSON.parse(text) as { Version: string; Statement: Statement[] };
  if (Version !== "2012-10-17" || Object.keys(others).length > 0) throw new Error(`${service}: another kind of policy`);
  for (const statement of Statement) {
    const elements = Object.keys(statement).sort();
    if (elements.join() !== known.join() || statement.Effect !== "Allow") {
      throw new Error(`${service}: not understood: ${JSON.stringify(statement)}`);
    }
  }
  return Statement;
}

/** Allowed is only what a statement allows. `resource` is an ARN. */
export function allows(policy: readonly Statement[], action: string, resource: string): boolean {
  return policy.some(
    ({ Action, Resource }) =>
      Action.some((pattern) => fits(pattern, action)) && Resource.some((pattern) => fits(pattern, resource)),
  );
}

/** `*` matches any characters, including slashes; `?` matches one. */
function fits(pattern: string, text: string): boolean {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`, "s").test(text);
}
