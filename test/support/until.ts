import { setTimeout } from 'node:timers/promises'

/** Resolves when `condition` has come true; asks again and again. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await setTimeout(5)
}
