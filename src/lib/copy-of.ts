/**
 * A copy with the same methods, in which some fields have other values. What is hidden in the original (not enumerable) is left out.
 *
 * It does not inherit from the original, because V8 makes whatever is a prototype slow to use. And it is no `Object.assign`, which calls
 * setters: some properties of Express have getters alone, and an application may have put its own in their place.
 */
export function copyOf<Original extends object>(
  original: Original,
  changes: object = {},
): Original {
  const copy: object = {
    __proto__: Object.getPrototypeOf(original) as object | null,
    ...(original as object),
    ...changes,
  }
  return copy as Original
}
