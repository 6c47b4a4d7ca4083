// The character put together: body, face and limbs in the right order.
import { type Build, body } from "./body.js";
import { cheeks } from "./eyes.js";
import { at, type Point } from "./pen.js";

/** One pose. Everything inside is drawn around the body's middle and turns with it. */
export interface Pose {
  readonly place: Point;
  readonly turn?: number;
  readonly build?: Build;
  /** Drawn behind the body: feet, far arms. */
  readonly behind?: string;
  readonly face: Face;
  /** Drawn over the body: near arms, what they hold. */
  readonly front?: string;
}

export interface Face {
  readonly eyes: string;
  readonly mouth: string;
  readonly brows?: string;
  /** Cheeks to use instead of the usual ones. */
  readonly cheeks?: string;
  /** Drawn over all of the face: tears, flush. */
  readonly over?: string;
  /** How far the face sits from the middle of the body. */
  readonly shift?: Point;
  readonly turn?: number;
  /** Distance between the eyes' line and the mouth. */
  readonly mouthDrop?: number;
}

export function fong(pose: Pose): string {
  return at(pose.place, `${pose.behind ?? ""}${body(pose.build)}${face(pose.face)}${pose.front ?? ""}`, pose.turn ?? 0);
}

function face(look: Face): string {
  const [x, y] = look.shift ?? [0, 0];
  const parts = [
    at([0, 32], look.cheeks ?? cheeks()),
    look.eyes,
    look.brows ?? "",
    at([0, look.mouthDrop ?? 34], look.mouth),
    look.over ?? "",
  ];
  return at([x, y - 10], parts.join(""), look.turn ?? 0);
}
